import { expect, it, test } from "vitest";
import { ApiError } from "../api/client";
import type { OpCard } from "../api/types";
import { fieldErrorOf, InlinePicture, submissionOf } from "./request";

const text = { name: "say", carrier: "value" } as OpCard;
const picture = { name: "soften", carrier: "file" } as OpCard;

it("sends a task as the shortest possible request", () => {
  expect(submissionOf(text, "hello", {})).toEqual({
    path: "/tasks",
    body: { type: "say", payload: "hello" },
  });
  expect(submissionOf(text, "hello", { loud: true })).toMatchObject({
    path: "/jobs",
    body: { tasks: [{ op: "say", input: "hello", params: { loud: true } }] },
  });
  expect(submissionOf(picture, "uploads/a.jpg", {})).toMatchObject({
    path: "/jobs",
    body: { tasks: [{ op: "soften", input: "uploads/a.jpg" }] },
  });
  expect(submissionOf(picture, new InlinePicture("AAAA"), { radius: 2 })).toEqual({
    path: "/jobs",
    body: { image_data: "AAAA", operation: "soften", params: { radius: 2 } },
  });
});

test.each([
  ["$.tasks[0].params.radius: Expected `float` <= 100.0", "radius", "Expected `float` <= 100.0"],
  ["$.payload[1]: Expected `float`, got `str`", "", "[1]: Expected `float`, got `str`"],
  ["$.image_data: there is nothing in it", "", "there is nothing in it"],
  ["Umbel could not be reached.", undefined, "Umbel could not be reached."],
])("finds the field of an error: %s", (message, field, text) => {
  expect(fieldErrorOf(new ApiError(400, "invalid", message))).toEqual({ field, message: text });
});
