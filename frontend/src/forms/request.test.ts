import { expect, it, test } from "vitest";
import { ApiError } from "../api/client";
import type { Op } from "../api/contract";
import { fieldOfError, InlinePicture, submissionOf } from "./request";

const text = { name: "say", carrier: "value" } as Op;
const picture = { name: "soften", carrier: "file" } as Op;

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

it("sends a priority only when one was chosen", () => {
  const sent = { priority: "bulk" };
  expect(submissionOf(text, "hello", {}, "bulk").body).toMatchObject(sent);
  expect(submissionOf(text, "hello", { loud: true }, "bulk").body).toMatchObject(sent);
  expect(submissionOf(picture, new InlinePicture("AAAA"), {}, "bulk").body).toMatchObject(sent);
  expect(submissionOf(text, "hello", {}).body).not.toHaveProperty("priority");
});

test.each([
  ["/tasks/0/params/radius", "radius"],
  ["/params/radius", "radius"],
  ["/payload/2", ""],
  ["/tasks/0/input", ""],
  ["/image_data", ""],
  ["/tasks/0/params", undefined],
  ["/type", undefined],
  [undefined, undefined],
])("finds the field of an error at %s", (path, field) => {
  expect(fieldOfError(new ApiError(400, "invalid_body", "It is wrong.", path))).toBe(field);
});
