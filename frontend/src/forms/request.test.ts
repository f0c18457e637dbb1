import { expect, it, test } from "vitest";
import type { OpCard } from "../api/types";
import { Picture, placed, submissionOf } from "./request";

const text = { name: "say", carrier: "value" } as OpCard;
const picture = { name: "soften", carrier: "file" } as OpCard;

it("sends a task as the shortest call that says it", () => {
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
  expect(submissionOf(picture, new Picture("AAAA"), { radius: 2 })).toEqual({
    path: "/jobs",
    body: { image_data: "AAAA", operation: "soften", params: { radius: 2 } },
  });
});

test.each([
  ["$.tasks[0].params.radius: Expected `float` <= 100.0", "radius", "Expected `float` <= 100.0"],
  ["$.payload[1]: Expected `float`, got `str`", "", "[1]: Expected `float`, got `str`"],
  ["$.image_data: there is nothing in it", "", "there is nothing in it"],
  ["Umbel could not be reached.", undefined, "Umbel could not be reached."],
])("puts the API's sentence where it belongs: %s", (message, field, sentence) => {
  expect(placed(message)).toEqual({ field, sentence });
});
