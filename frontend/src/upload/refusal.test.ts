import { expect, test } from "vitest";
import type { Config } from "../api/config";
import { refusal } from "./refusal";

const config = { max_upload_bytes: 2_000_000, formats: ["image/jpeg", "image/webp"] } as Config;

test.each([
  ["a picture", { type: "image/jpeg", size: 2_000_000 }, undefined],
  ["an empty file", { type: "image/jpeg", size: 0 }, "empty"],
  [
    "a file that is too big",
    { type: "image/jpeg", size: 2_400_000 },
    "2.4 MB; the largest picture taken here is 2.0 MB",
  ],
  [
    "an SVG",
    { type: "image/svg+xml", size: 9 },
    "image/svg+xml is not a picture that Umbel reads. It takes JPEG and WebP.",
  ],
  ["a file of no type", { type: "", size: 9 }, "without a known type"],
])("says at once what is wrong with %s", (_, file, sentence) => {
  const said = refusal(file, config);
  if (sentence === undefined) expect(said).toBeUndefined();
  else expect(said).toContain(sentence);
});
