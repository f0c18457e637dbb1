import { expect, it, test } from "vitest";
import type { Job, JobStatus } from "../api/contract";
import type { State, Upload } from "./app-store";
import { type PictureStatus, picturesOf, statusOf, variantNames, variantStatus } from "./pictures";
import type { JobEntry } from "./records";

const entry = (
  id: string,
  status: JobStatus,
  created = "2026-01-01T00:00:00Z",
  kind = "upload",
): JobEntry => ({
  id,
  variants: {},
  job: { id, kind, status, created_at: created } as Job,
});

const upload = (phase: Upload["phase"], more: Partial<Upload> = {}): Upload => ({
  id: "u",
  name: "cat.jpg",
  size: 1,
  recipe: "default",
  addedAt: Date.parse("2026-01-02T00:00:00Z"),
  phase,
  progress: 0,
  ...more,
});

const state = (uploads: Upload[], entries: JobEntry[]): State => ({
  uploads: new Map(uploads.map((one) => [one.id, one])),
  entries: new Map(entries.map((one) => [one.id, one])),
  connection: "live",
  loaded: true,
  sent: [],
  events: [],
});

it("shows an upload and its job as one picture, whose key stays", () => {
  const [picture, ...others] = picturesOf(state([upload("sent", { jobId: "j" })], [entry("j", "running")]));
  expect(others).toEqual([]);
  expect(picture).toMatchObject({ key: "u", upload: { id: "u" }, entry: { id: "j" } });
});

it("sorts the newest first, and files that were added together in their order", () => {
  const at = Date.parse("2026-01-02T00:00:00Z");
  const pictures = picturesOf(
    state(
      [upload("waiting", { id: "a", addedAt: at }), upload("waiting", { id: "b", addedAt: at - 0.001 })],
      [entry("old", "completed"), entry("new", "completed", "2026-01-03T00:00:00Z")],
    ),
  );
  expect(pictures.map((one) => one.key)).toEqual(["new", "a", "b", "old"]);
});

it("leaves out jobs that are not pictures, and tasks whose job has not arrived yet", () => {
  const batch = entry("batch", "running", undefined, "batch");
  expect(picturesOf(state([], [batch, { id: "orphan", variants: {} }]))).toEqual([]);
});

test.each<[PictureStatus, Upload | undefined, JobEntry | undefined]>([
  ["uploading", upload("waiting"), undefined],
  ["uploading", upload("sending"), undefined],
  ["uploading", upload("sending", { jobId: "j" }), entry("j", "pending")],
  ["failed", upload("refused"), undefined],
  ["failed", upload("failed", { jobId: "j" }), entry("j", "pending")],
  ["pending", upload("sent", { jobId: "j" }), undefined],
  ["running", upload("sent", { jobId: "j" }), entry("j", "running")],
  ["completed", upload("sending", { jobId: "j" }), entry("j", "completed")],
  ["cancelled", undefined, entry("j", "cancelled")],
])("a picture is %s", (status, ...[sent, known]) => {
  expect(statusOf({ key: "u", upload: sent, entry: known })).toBe(status);
});

test.each<[PictureStatus, "pending" | "skipped"]>([
  ["uploading", "pending"],
  ["running", "pending"],
  ["failed", "skipped"],
  ["cancelled", "skipped"],
])("a variant without a record, of a picture that is %s, is %s", (status, expected) => {
  expect(variantStatus(status)).toBe(expected);
});

test.each([
  ["before the job has arrived", ["a", "b"], undefined],
  ["while some are ready, in the recipe's order", ["a", "b"], known(2, "b")],
  ["of a finished job whose recipe was different then", ["b", "c"], known(2, "c", "b")],
  ["of a running job with a variant that the recipe lacks", ["a", "b", "c"], known(3, "c")],
])("names the variants %s", (_, names, job) => expect(variantNames(["a", "b"], job)).toEqual(names));

function known(total: number, ...names: string[]): JobEntry {
  const variants = Object.fromEntries(
    names.map((name) => [name, { op: name, status: "completed" as const, version: 1, warnings: [] }]),
  );
  return { id: "j", variants, job: { kind: "upload", counts: { total } } as Job };
}
