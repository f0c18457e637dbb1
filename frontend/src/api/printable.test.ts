import { describe, expect, test } from "vitest";
import { parse, printable } from "./printable";

describe("texts of other people on the page", () => {
  test("do not reverse what follows, however the JSON has them", () => {
    for (const json of ['{"name":"a\u202Egpj.exe"}', String.raw`{"name":"a\u202egpj.exe"}`])
      expect(parse(json)).toEqual({ name: "a\uFFFDgpj.exe" });
  });

  test.each(["\u001b[2J", "\u009b", "\u007f", "\u2066", "\u2069", "\u200f", "\u061c", "\u2028"])(
    "have no control character %j",
    (text) => {
      const { tasks } = parse<{ tasks: { result: string }[] }>(
        JSON.stringify({ tasks: [{ result: `a${text}b` }] }),
      );
      expect(tasks[0]?.result.startsWith("a\uFFFD")).toBe(true);
    },
  );

  test("keep their lines, their letters in any script and the joiners of emoji", () => {
    const text = "line\n\tשלום عربي 👩‍👩‍👧 é";
    expect(printable(text)).toBe(text);
    expect(parse(JSON.stringify({ text }))).toEqual({ text });
  });
});
