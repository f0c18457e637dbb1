/** Reads visits to stores from JSON or CSV and checks them by the rules of `POST /batches` before they are sent. */

import type { PublishedLimits, VisitBody } from "../api/contract";
import { imageUrlError, type ParsedVisits, storeIdError } from "./visit";
import { readCsv } from "./visits-csv";

export function parseVisits(text: string, limits: PublishedLimits): ParsedVisits {
  const trimmed = text.trim();
  if (!trimmed) return { visits: [], errors: [] };
  return trimmed.startsWith("{") || trimmed.startsWith("[")
    ? readJson(trimmed, limits)
    : readCsv(text, limits);
}

export function imagesPerStore(visits: VisitBody[]): Map<string, number> {
  const images = new Map<string, number>();
  for (const { store_id, image_url } of visits) {
    images.set(store_id, (images.get(store_id) ?? 0) + image_url.length);
  }
  return images;
}

function readJson(text: string, limits: PublishedLimits): ParsedVisits {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    return { visits: [], errors: [`This is not valid JSON: ${(error as Error).message}`] };
  }
  const bare = Array.isArray(document);
  const body = (bare ? { visits: document } : document) as Record<string, unknown>;
  const { count, visits: given, gpu_seconds: pause } = body;
  if (!Array.isArray(given) || given.length === 0) {
    return { visits: [], errors: [`${bare ? "" : "/visits: "}At least one visit is required.`] };
  }
  const errors: string[] = [];
  if (count !== undefined && count !== given.length) {
    errors.push(`/count: count is ${String(count)}, but the number of visits is ${given.length}`);
  }
  const visits = given.flatMap(
    (visit: unknown, index) => readVisit(visit, `${bare ? "" : "/visits"}/${index}`, errors, limits) ?? [],
  );
  return { visits, errors, ...(typeof pause === "number" && { gpuSeconds: pause }) };
}

/** Adds what is wrong with the visit to `errors`. */
function readVisit(
  given: unknown,
  pointer: string,
  errors: string[],
  limits: PublishedLimits,
): VisitBody | undefined {
  const { store_id, image_url, visit_time } = (given ?? {}) as Record<string, unknown>;
  const found: string[] = [];
  const check = (field: string, error?: string) => error && found.push(`${pointer}/${field}: ${error}`);
  check("store_id", storeIdError(store_id, limits));
  if (!Array.isArray(image_url) || image_url.length === 0) {
    check("image_url", "a list of at least one URL is required");
  } else {
    for (const [index, url] of image_url.entries()) check(`image_url/${index}`, imageUrlError(url, limits));
  }
  if (found.length > 0) {
    errors.push(...found);
    return undefined;
  }
  const visit = { store_id: store_id as string, image_url: image_url as string[] };
  return typeof visit_time === "string" ? { ...visit, visit_time } : visit;
}
