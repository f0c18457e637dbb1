import { describe, expect, it, test } from "vitest";
import { boundsOf, fieldOf, fieldsOf, parseField, type Schema } from "./schema";

const radius: Schema = { type: "number", minimum: 0, maximum: 100, default: 4, description: "Pixels" };
const quality: Schema = {
  anyOf: [{ type: "integer", minimum: 1, maximum: 100, description: "Lossy" }, { type: "null" }],
  default: null,
};
const numbers: Schema = { type: "array", items: { type: "number" } };
const url: Schema = {
  type: "string",
  pattern: "^https?://",
  maxLength: 30,
  description: "An http or https URL",
};

it("makes a field of each parameter, with its help and default", () => {
  const fields = fieldsOf({
    properties: { radius, quality, format: { enum: ["png"] }, flip: { type: "boolean" } },
    required: ["format"],
  });
  expect(fields).toMatchObject([
    { name: "radius", kind: "number", required: false, defaultValue: 4, help: "Pixels" },
    { name: "quality", kind: "number", required: false, defaultValue: null, help: "Lossy" },
    { name: "format", kind: "choice", required: true },
    { name: "flip", kind: "boolean" },
  ]);
  expect(fields.map(boundsOf)).toEqual(["0 to 100", "1 to 100", "", ""]);
});

it("folds the parameters of the result's file that few people need", () => {
  const effort: Schema = { anyOf: [{ type: "integer", "x-output": true }, { type: "null" }] };
  const fields = fieldsOf({ properties: { radius, effort, strip: { type: "boolean", "x-output": true } } });
  expect(fields.filter(({ folded }) => folded).map(({ name }) => name)).toEqual(["effort", "strip"]);
});

describe("the typed text", () => {
  test.each<[string, Schema, string, unknown]>([
    ["a number", radius, " 2.5 ", 2.5],
    ["a number equal to its bound", radius, "100", 100],
    ["numbers", numbers, "[1, 2 3.5]", [1, 2, 3.5]],
    ["an empty list", numbers, "[]", []],
    ["an empty text", { type: "string" }, "", ""],
    ["a choice", { enum: ["png", 3] }, "3", 3],
    ["a checked box", { type: "boolean" }, "true", true],
    ["a URL", url, "http://a/", "http://a/"],
    ["any value", {}, '{"a": [1]}', { a: [1] }],
  ])("is %s", (_, schema, typed, value) => {
    expect(parseField(fieldOf("one", schema, true), typed)).toEqual({ value });
  });

  test.each<[Schema, string, string]>([
    [radius, "200", "Must be at most 100."],
    [radius, "-1", "Must be at least 0."],
    [radius, "wide", "Must be a number, not 'wide'."],
    [quality, "1.5", "Must be a whole number, not '1.5'."],
    [quality, "0", "Must be at least 1."],
    [{ type: "number", exclusiveMinimum: 0 }, "0", "Must be more than 0."],
    [numbers, "1, two", "Item 2: Must be a number, not 'two'."],
    [url, "ftp://a/", "Must be an http or https URL."],
    [url, `http://${"a".repeat(40)}`, "Must have at most 30 characters."],
    [{ type: "string", minLength: 1 }, "", "A value is required."],
    [{ type: "string", minLength: 2 }, "a", "Must have at least 2 characters."],
    [radius, "", "A value is required."],
    [{}, "hello", "This is not valid JSON"],
  ])("is rejected by %j: %s", (schema, typed, message) => {
    expect(parseField(fieldOf("one", schema, true), typed)).toMatchObject({
      error: expect.stringContaining(message),
    });
  });

  it("is undefined for an empty field, which keeps its default", () => {
    expect(parseField(fieldOf("quality", quality, false), " ")).toBeUndefined();
  });
});
