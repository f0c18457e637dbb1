/** Merges job and task messages: a message is applied only when it is not older than the record in the store. */

import type { Counts, Job, Task, Variant } from "../api/contract";

/** One job and its variants. `job` is missing while only messages about its tasks have arrived. */
export interface JobEntry {
  readonly id: string;
  readonly job?: Job;
  readonly variants: Readonly<Record<string, Variant>>;
}

export const emptyEntry = (id: string): JobEntry => ({ id, variants: {} });

/**
 * Applies a job. Results of a job with more than `keptVariants` tasks are not held: `live/job-tasks.ts` reads the tasks
 * that are shown. With `freshUrls` the URLs of results that are shown already are replaced too.
 */
export function withJob(entry: JobEntry, given: Job, keptVariants: number, freshUrls = false): JobEntry {
  const { variants = {}, ...job } = given;
  let next = Object.entries(variants).reduce(
    (merged, [name, variant]) => withVariant(merged, name, variant, freshUrls),
    entry,
  );
  if (job.counts.total > keptVariants && Object.keys(next.variants).length > 0)
    next = { ...next, variants: {} };
  const older = entry.job !== undefined && job.version < entry.job.version;
  return older || isEqual(entry.job, job) ? next : { ...next, job };
}

export function withTask(entry: JobEntry, task: Task, keptVariants: number): JobEntry {
  const total = entry.job?.counts.total ?? 0;
  const known = Object.keys(entry.variants).length;
  if (!task.variant || Math.max(total, known) > keptVariants) return entry;
  const variant: Variant = {
    warnings: [],
    ...fileOf(task),
    op: task.op,
    status: task.status,
    version: task.version,
    duration_ms: task.duration_ms ?? undefined,
    error: task.error ?? undefined,
  };
  return withVariant(entry, task.variant, variant, false);
}

/** The fields that a variant has of its file; none of a result that is not a file. */
function fileOf({ result }: Task): Partial<Variant> {
  return result !== null && typeof result === "object" && "key" in result ? (result as Partial<Variant>) : {};
}

function withVariant(entry: JobEntry, name: string, incoming: Variant, freshUrls: boolean): JobEntry {
  const known = entry.variants[name];
  if (known && incoming.version < known.version) return entry;
  // Every message has newly signed URLs. The old one is kept for the same result, so that its image is not loaded again.
  const keepUrl = known?.url !== undefined && known.version === incoming.version && !freshUrls;
  const variant = keepUrl ? { ...incoming, url: known.url } : incoming;
  return isEqual(known, variant) ? entry : { ...entry, variants: { ...entry.variants, [name]: variant } };
}

/**
 * Returns the current counts of a job. A job of few tasks is sent only when its status changes, so its counts come from
 * the messages about its tasks.
 */
export function countsOf({ job, variants }: JobEntry, keptVariants: number): Counts | undefined {
  if (!job || job.counts.total === 0 || job.counts.total > keptVariants) return job?.counts;
  const statuses = Object.values(variants).map((variant) => variant.status);
  const count = (status: string) => statuses.filter((one) => one === status).length;
  const fromTasks = { completed: count("completed"), failed: count("failed"), skipped: count("skipped") };
  return endedCount({ total: 0, ...fromTasks }) < endedCount(job.counts) && job.status !== "running"
    ? job.counts
    : { total: job.counts.total, ...fromTasks };
}

export function endedCount({ completed, failed, skipped }: Counts): number {
  return completed + failed + skipped;
}

/** Compares two records by value. The old object is kept when they are equal, so that nothing renders again. */
function isEqual(a: object | undefined, b: object): boolean {
  return a !== undefined && canonical(a) === canonical(b);
}

function canonical(value: object): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    inner !== null && typeof inner === "object" && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
