import type { PublishedLimits, VisitBody } from "../api/contract";
import { isHttpUrl } from "./urls";

export interface ParsedVisits {
  visits: VisitBody[];
  /** Each begins with a JSON Pointer, or with a line number for CSV. */
  errors: string[];
  gpuSeconds?: number;
}

export function storeIdError(value: unknown, limits: PublishedLimits): string | undefined {
  const most = limits.max_store_id_length;
  const valid = typeof value === "string" && value !== "" && value.length <= most;
  return valid ? undefined : `store_id must have 1 to ${most} characters`;
}

export function imageUrlError(value: unknown, limits: PublishedLimits): string | undefined {
  if (typeof value === "string" && isHttpUrl(value, limits)) return undefined;
  return `'${String(value).slice(0, 100)}' is not an http or https URL`;
}
