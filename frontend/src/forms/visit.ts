import type { VisitBody } from "../api/contract";
import { isHttpUrl } from "./urls";

export interface ParsedVisits {
  visits: VisitBody[];
  /** Each begins with a JSON Pointer, or with a line number for CSV. */
  errors: string[];
  gpuSeconds?: number;
}

const MAX_STORE_ID = 128;

export function storeIdError(value: unknown): string | undefined {
  const valid = typeof value === "string" && value !== "" && value.length <= MAX_STORE_ID;
  return valid ? undefined : `store_id must have 1 to ${MAX_STORE_ID} characters`;
}

export function imageUrlError(value: unknown): string | undefined {
  if (typeof value === "string" && isHttpUrl(value)) return undefined;
  return `'${String(value).slice(0, 100)}' is not an http or https URL`;
}
