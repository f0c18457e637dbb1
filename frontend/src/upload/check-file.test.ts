import { expect, test } from "vitest";
import { sampleConfig } from "../api/samples";
import { checkFile, formatNames, mediaType } from "./check-file";

const config = sampleConfig({ formats: ["image/jpeg", "image/webp"] });

test.each([
  ["a picture", { type: "image/jpeg", size: 2_000_000 }, undefined],
  ["an empty file", { type: "image/jpeg", size: 0 }, "empty"],
  [
    "a file that is too large",
    { type: "image/jpeg", size: 2_400_000 },
    "2.4 MB; a picture may have at most 2.0 MB",
  ],
  [
    "an SVG",
    { type: "image/svg+xml", size: 9 },
    "Files of type image/svg+xml are not supported. Supported formats: JPEG and WebP.",
  ],
  ["a file of no type", { type: "", size: 9 }, "Files of an unknown type"],
])("checks %s before it is sent", (_, file, expected) => {
  const error = checkFile(file, config);
  if (expected === undefined) expect(error).toBeUndefined();
  else expect(error).toContain(expected);
});

test.each([
  ["IMG_1.HEIC", "", "image/heic"],
  ["a.heif", "image/heif", "image/heic"],
  ["a.jxl", "application/octet-stream", "image/jxl"],
  ["a.png", "image/png", "image/png"],
  ["a", "", ""],
])("%s of type '%s' is sent as '%s'", (name, type, expected) => {
  expect(mediaType({ name, type })).toBe(expected);
});

test("formats are written as their makers write them", () => {
  const formats = ["image/jpeg", "image/jxl", "image/webp"];
  expect(formatNames(sampleConfig({ formats }))).toBe("JPEG, JPEG XL, and WebP");
});
