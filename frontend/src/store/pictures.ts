/** Uploads from here and jobs from anywhere, joined into the pictures that people see. */

import type { Counts, Job, TaskStatus } from "../api/types";
import { countsOf, type Entry } from "./records";
import type { State, Upload } from "./store";

/** At least one of the two is there; `key` stays the same when an upload becomes a job. */
export interface Picture {
  key: string;
  upload?: Upload;
  entry?: Entry;
}

export type PictureStatus = "uploading" | "pending" | "running" | "completed" | "failed" | "cancelled";
export type Filter = "all" | "active" | "failed";

const PICTURE_KINDS = new Set(["upload", "image"]);
const ENDED = new Set<string>(["completed", "failed", "cancelled"]);

/** Newest first. */
export function picturesOf(state: State): Picture[] {
  const pictures: Picture[] = [];
  const claimed = new Set<string>();
  for (const upload of state.uploads.values()) {
    const entry = upload.jobId === undefined ? undefined : state.entries.get(upload.jobId);
    if (upload.jobId !== undefined) claimed.add(upload.jobId);
    pictures.push({ key: upload.id, upload, entry });
  }
  for (const entry of state.entries.values()) {
    if (entry.job && PICTURE_KINDS.has(entry.job.kind) && !claimed.has(entry.id)) {
      pictures.push({ key: entry.id, entry });
    }
  }
  return pictures.sort(newestFirst);
}

/** Every job with its counts, newest first. */
export function jobsOf(state: State): { job: Job; counts: Counts }[] {
  return [...state.entries.values()]
    .flatMap((entry) => (entry.job ? { job: entry.job, counts: countsOf(entry) ?? entry.job.counts } : []))
    .sort((a, b) => b.job.created_at.localeCompare(a.job.created_at));
}

export function statusOf({ upload, entry }: Picture): PictureStatus {
  if (entry?.job && (upload === undefined || ENDED.has(entry.job.status) || upload.phase === "sent")) {
    return entry.job.status;
  }
  if (upload?.phase === "failed" || upload?.phase === "refused") return "failed";
  return upload?.phase === "sent" ? "pending" : "uploading";
}

/** How one tile stands: a variant nobody has heard of shares the fate of its job. */
export function tileStatus(status: PictureStatus, known?: TaskStatus): TaskStatus {
  if (known) return known;
  return status === "failed" || status === "cancelled" || status === "completed" ? "skipped" : "pending";
}

export function matches(status: PictureStatus | undefined, filter: Filter): boolean {
  if (filter === "all") return true;
  return filter === "failed" ? status === "failed" : status !== undefined && !ENDED.has(status);
}

function newestFirst(a: Picture, b: Picture): number {
  return since(b) - since(a) || (a.key < b.key ? 1 : -1);
}

function since({ upload, entry }: Picture): number {
  return upload?.addedAt ?? Date.parse(entry?.job?.created_at ?? "");
}

/** The recipe's order, then what the job has beside it: a job of before may follow a recipe that has changed since. */
export function variantNames(recipe: string[], entry?: Entry): string[] {
  const known = Object.keys(entry?.variants ?? {});
  const total = entry?.job?.counts.total ?? 0;
  const complete = total > 0 && known.length >= total;
  const expected =
    complete || entry?.job?.kind === "image" ? recipe.filter((name) => known.includes(name)) : recipe;
  return [...expected, ...known.filter((name) => !recipe.includes(name)).sort()];
}
