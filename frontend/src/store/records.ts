/** The merge rule: a record counts only when it is not older than the one we have. Pure, so that it can be tested. */

import type { Counts, Job, JobMessage, TaskMessage, Variant } from "../api/types";

/** A job of more tasks does not carry their results: `live/watch` reads those that somebody looks at. */
export const KEPT_VARIANTS = 32;

/** What is known of one job. `job` is missing while only its tasks have been heard of. */
export interface Entry {
  readonly id: string;
  readonly job?: Job;
  readonly variants: Readonly<Record<string, Variant>>;
}

export const unknownEntry = (id: string): Entry => ({ id, variants: {} });

/** `freshUrls` replaces addresses of results that we already show: only when the old ones have expired. */
export function withJob(entry: Entry, message: JobMessage, freshUrls = false): Entry {
  const { variants = {}, ...job } = message;
  let next = Object.entries(variants).reduce(
    (sofar, [name, variant]) => withVariant(sofar, name, variant, freshUrls),
    entry,
  );
  if (job.counts.total > KEPT_VARIANTS && Object.keys(next.variants).length > 0)
    next = { ...next, variants: {} };
  const older = entry.job !== undefined && job.version < entry.job.version;
  return older || same(entry.job, job) ? next : { ...next, job };
}

export function withTask(entry: Entry, task: TaskMessage): Entry {
  const total = entry.job?.counts.total ?? 0;
  const known = Object.keys(entry.variants).length;
  if (!task.variant || Math.max(total, known) > KEPT_VARIANTS) return entry;
  const { url, format, width, height, bytes } = (task.result ?? {}) as Partial<Variant>;
  const variant = {
    status: task.status,
    version: task.version,
    url,
    format,
    width,
    height,
    bytes,
    duration_ms: task.duration_ms ?? undefined,
    error: task.error ?? undefined,
  };
  return withVariant(entry, task.variant, variant, false);
}

function withVariant(entry: Entry, name: string, incoming: Variant, freshUrls: boolean): Entry {
  const known = entry.variants[name];
  if (known && incoming.version < known.version) return entry;
  // Every message signs its addresses anew; taking a new one for the same result would load the picture again.
  const keepUrl = known?.url !== undefined && known.version === incoming.version && !freshUrls;
  const variant = keepUrl ? { ...incoming, url: known.url } : incoming;
  return same(known, variant) ? entry : { ...entry, variants: { ...entry.variants, [name]: variant } };
}

/** The counts as they are now: a job of few tasks is told of when its status moves, the rest is told by its tasks. */
export function countsOf({ job, variants }: Entry): Counts | undefined {
  if (!job || job.counts.total === 0 || job.counts.total > KEPT_VARIANTS) return job?.counts;
  const statuses = Object.values(variants).map((variant) => variant.status);
  const count = (status: string) => statuses.filter((one) => one === status).length;
  const heard = { completed: count("completed"), failed: count("failed"), skipped: count("skipped") };
  return heard.completed + heard.failed + heard.skipped < ended(job.counts) && job.status !== "running"
    ? job.counts
    : { total: job.counts.total, ...heard };
}

export function ended({ completed, failed, skipped }: Counts): number {
  return completed + failed + skipped;
}

/** Equal as records; identity is kept then, and nothing renders again. */
function same(a: object | undefined, b: object): boolean {
  return a !== undefined && canonical(a) === canonical(b);
}

function canonical(value: object): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    inner !== null && typeof inner === "object" && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
