const CONTROL = /(?![\n\t\r])[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu;
const MAYBE_CONTROL = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]|\\u/u;

/**
 * Returns the text with `\uFFFD` for each control character. Names, titles and error messages come from anywhere, and
 * U+202E, which reverses what follows, makes `gpj.exe` look like `exe.jpg`.
 */
export function printable(text: string): string {
  return text.replace(CONTROL, "\uFFFD");
}

/** Decodes JSON of the API, with every text in it printable. */
export function parse<T>(json: string): T {
  if (!MAYBE_CONTROL.test(json)) return JSON.parse(json);
  return JSON.parse(json, (_, value) => (typeof value === "string" ? printable(value) : value));
}
