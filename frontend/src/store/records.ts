/** The merge rule: a record counts only when it is not older than the one we have. Pure, so that it can be tested. */

import type { Job, JobMessage, TaskMessage, Variant } from "../api/types";

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
  const next = Object.entries(variants).reduce(
    (sofar, [name, variant]) => withVariant(sofar, name, variant, freshUrls),
    entry,
  );
  const older = entry.job !== undefined && job.version < entry.job.version;
  return older || same(entry.job, job) ? next : { ...next, job };
}

export function withTask(entry: Entry, task: TaskMessage): Entry {
  if (!task.variant) return entry;
  const { url, format, width, height, bytes } = task.result ?? {};
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
