import { describe, expect, it, test } from "vitest";
import type { Schema } from "../api/types";
import { boundsOf, fieldOf, fieldsOf, read } from "./schema";

const radius: Schema = { type: "number", minimum: 0, maximum: 100, default: 4, description: "Pixels" };
const quality: Schema = {
  anyOf: [{ type: "integer", minimum: 1, maximum: 100, description: "Lossy" }, { type: "null" }],
  default: null,
};
const numbers: Schema = { type: "array", items: { type: "number" } };
const address: Schema = { type: "string", pattern: "^https?://", maxLength: 30 };

it("makes a field of each parameter, with its help and what holds without it", () => {
  const fields = fieldsOf({
    properties: { radius, quality, format: { enum: ["png"] }, flip: { type: "boolean" } },
    required: ["format"],
  });
  expect(fields).toMatchObject([
    { name: "radius", kind: "number", required: false, preset: 4, help: "Pixels" },
    { name: "quality", kind: "number", required: false, preset: null, help: "Lossy" },
    { name: "format", kind: "choice", required: true },
    { name: "flip", kind: "boolean" },
  ]);
  expect(fields.map(boundsOf)).toEqual(["0 to 100", "1 to 100", "", ""]);
});

describe("what was typed", () => {
  test.each<[string, Schema, string, unknown]>([
    ["a number", radius, " 2.5 ", 2.5],
    ["a bound", radius, "100", 100],
    ["numbers", numbers, "[1, 2 3.5]", [1, 2, 3.5]],
    ["no numbers", numbers, "[]", []],
    ["an empty text", { type: "string" }, "", ""],
    ["a choice", { enum: ["png", 3] }, "3", 3],
    ["a yes", { type: "boolean" }, "true", true],
    ["an address", address, "http://a/", "http://a/"],
    ["any value", {}, '{"a": [1]}', { a: [1] }],
  ])("is %s", (_, schema, typed, value) => {
    expect(read(fieldOf("one", schema, true), typed)).toEqual({ value });
  });

  test.each<[Schema, string, string]>([
    [radius, "200", "Expected `float` <= 100.0"],
    [radius, "-1", "Expected `float` >= 0.0"],
    [radius, "wide", "Expected `float`, got `str`"],
    [quality, "1.5", "Expected `int`, got `float`"],
    [quality, "0", "Expected `int` >= 1"],
    [{ type: "number", exclusiveMinimum: 0 }, "0", "Expected `float` > 0.0"],
    [numbers, "1, two", "[1]: Expected `float`, got `str`"],
    [address, "ftp://a/", "Expected `str` matching regex '^https?://'"],
    [address, `http://${"a".repeat(40)}`, "Expected `str` of length <= 30"],
    [{ type: "string", minLength: 1 }, "", "Expected `str` of length >= 1"],
    [radius, "", "Object missing required field `one`"],
    [{}, "hello", "This is not JSON"],
  ])("is refused by %j: %s", (schema, typed, sentence) => {
    expect(read(fieldOf("one", schema, true), typed)).toMatchObject({
      fault: expect.stringContaining(sentence),
    });
  });

  it("is left to the default when it is nothing", () => {
    expect(read(fieldOf("quality", quality, false), " ")).toBeUndefined();
  });
});
