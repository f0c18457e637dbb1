export interface ParsedUrls {
  urls: string[];
  /** Lines that are not an http or https URL. */
  errors: { line: number; text: string }[];
}

const MAX_LENGTH = 2048;

/** Reads one URL per line and skips blank lines. */
export function parseUrls(text: string): ParsedUrls {
  const parsed: ParsedUrls = { urls: [], errors: [] };
  for (const [index, line] of text.split("\n").entries()) {
    const trimmed = line.trim();
    if (!trimmed) continue;
    if (isHttpUrl(trimmed)) parsed.urls.push(trimmed);
    else parsed.errors.push({ line: index + 1, text: trimmed });
  }
  return parsed;
}

export function isHttpUrl(text: string): boolean {
  return /^https?:\/\/[^\s/]/.test(text) && !/\s/.test(text) && text.length <= MAX_LENGTH;
}
