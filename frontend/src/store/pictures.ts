/** Joins this browser's uploads and the ledger's jobs into the pictures that are shown. */

import type { Counts, Job, TaskStatus } from "../api/contract";
import type { State, Upload } from "./app-store";
import { countsOf, type JobEntry } from "./records";

/** An upload, a job, or both. `key` stays the same when the job of an upload arrives. */
export interface Picture {
  key: string;
  upload?: Upload;
  entry?: JobEntry;
}

export type PictureStatus = "uploading" | "pending" | "running" | "completed" | "failed" | "cancelled";
export type Filter = "all" | "active" | "failed";

const PICTURE_KINDS = new Set(["upload", "image"]);
const ENDED = new Set<string>(["completed", "failed", "cancelled"]);

/** Returns all pictures, newest first. */
export function picturesOf(state: State): Picture[] {
  const pictures: Picture[] = [];
  const uploadedJobs = new Set<string>();
  for (const upload of state.uploads.values()) {
    const entry = upload.jobId === undefined ? undefined : state.entries.get(upload.jobId);
    if (upload.jobId !== undefined) uploadedJobs.add(upload.jobId);
    pictures.push({ key: upload.id, upload, entry });
  }
  for (const entry of state.entries.values()) {
    if (entry.job && PICTURE_KINDS.has(entry.job.kind) && !uploadedJobs.has(entry.id)) {
      pictures.push({ key: entry.id, entry });
    }
  }
  return pictures.sort(newestFirst);
}

/** Returns every job with its counts, newest first. */
export function jobsOf(state: State, keptVariants: number): { job: Job; counts: Counts }[] {
  return [...state.entries.values()]
    .flatMap((entry) =>
      entry.job ? { job: entry.job, counts: countsOf(entry, keptVariants) ?? entry.job.counts } : [],
    )
    .sort((a, b) => b.job.created_at.localeCompare(a.job.created_at));
}

export function statusOf({ upload, entry }: Picture): PictureStatus {
  if (entry?.job && (upload === undefined || ENDED.has(entry.job.status) || upload.phase === "sent")) {
    return entry.job.status;
  }
  if (upload?.phase === "failed" || upload?.phase === "refused") return "failed";
  return upload?.phase === "sent" ? "pending" : "uploading";
}

/** Returns the status of a variant. One without a record is pending, or skipped when its job has ended. */
export function variantStatus(status: PictureStatus, known?: TaskStatus): TaskStatus {
  if (known) return known;
  return status === "failed" || status === "cancelled" || status === "completed" ? "skipped" : "pending";
}

export function matches(status: PictureStatus | undefined, filter: Filter): boolean {
  if (filter === "all") return true;
  return filter === "failed" ? status === "failed" : status !== undefined && !ENDED.has(status);
}

function newestFirst(a: Picture, b: Picture): number {
  return createdAt(b) - createdAt(a) || (a.key < b.key ? 1 : -1);
}

function createdAt({ upload, entry }: Picture): number {
  return upload?.addedAt ?? Date.parse(entry?.job?.created_at ?? "");
}

/**
 * Returns the names of a picture's variants: first in the order of the recipe, then variants that the recipe does not
 * have any more. A finished job shows only the variants that it really has.
 */
export function variantNames(recipe: string[], entry?: JobEntry): string[] {
  const known = Object.keys(entry?.variants ?? {});
  const total = entry?.job?.counts.total ?? 0;
  const complete = total > 0 && known.length >= total;
  const expected =
    complete || entry?.job?.kind === "image" ? recipe.filter((name) => known.includes(name)) : recipe;
  return [...expected, ...known.filter((name) => !recipe.includes(name)).sort()];
}
