/** ParsedVisits to stores, from JSON or CSV, checked by the rules of `POST /batches` before they are sent. */

import { isHttpUrl } from "./urls";

export interface Visit {
  store_id: string;
  image_url: string[];
  visit_time?: string;
}

export interface ParsedVisits {
  visits: Visit[];
  /** Each names its place: a path in JSON, a line in CSV. */
  errors: string[];
  gpuSeconds?: number;
}

const LONGEST_STORE = 128;

export function parseVisits(text: string): ParsedVisits {
  const said = text.trim();
  if (!said) return { visits: [], errors: [] };
  return said.startsWith("{") || said.startsWith("[") ? readJson(said) : readCsv(text);
}

export function imagesPerStore(visits: Visit[]): Map<string, number> {
  const stores = new Map<string, number>();
  for (const { store_id, image_url } of visits)
    stores.set(store_id, (stores.get(store_id) ?? 0) + image_url.length);
  return stores;
}

function readJson(text: string): ParsedVisits {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    return { visits: [], errors: [`$: not JSON: ${(error as Error).message}`] };
  }
  const body = Array.isArray(document) ? { visits: document } : (document as Record<string, unknown>);
  const { count, visits: given, gpu_seconds: pause } = body as Record<string, unknown>;
  if (!Array.isArray(given)) return { visits: [], errors: ["$.visits: Expected `array`"] };
  const errors: string[] = [];
  if (count !== undefined && count !== given.length) {
    errors.push(`$.count: ${String(count)}, but there are ${given.length} visits`);
  }
  if (given.length === 0) errors.push("$.visits: Expected `array` of length >= 1");
  const visits = given.flatMap((one: unknown, place) => readVisit(one, `$.visits[${place}]`, errors) ?? []);
  return { visits, errors, ...(typeof pause === "number" && { gpuSeconds: pause }) };
}

function readVisit(given: unknown, path: string, errors: string[]): Visit | undefined {
  const { store_id, image_url, visit_time } = (given ?? {}) as Record<string, unknown>;
  const before = errors.length;
  if (typeof store_id !== "string" || !store_id || store_id.length > LONGEST_STORE) {
    errors.push(`${path}.store_id: Expected \`str\` of length 1 to ${LONGEST_STORE}`);
  }
  if (!Array.isArray(image_url) || image_url.length === 0) {
    errors.push(`${path}.image_url: Expected \`array\` of length >= 1`);
  } else {
    for (const [at, url] of image_url.entries()) {
      if (typeof url !== "string" || !isHttpUrl(url)) {
        errors.push(
          `${path}.image_url[${at}]: '${String(url).slice(0, 100)}' is not an http or https address`,
        );
      }
    }
  }
  if (errors.length > before) return undefined;
  const visit = { store_id: store_id as string, image_url: image_url as string[] };
  return typeof visit_time === "string" ? { ...visit, visit_time } : visit;
}

/** `store_id,image_url[,visit_time]`, an image a line; lines of one store and time that stand together are one visit. */
function readCsv(text: string): ParsedVisits {
  const visits: Visit[] = [];
  const errors: string[] = [];
  let columns = ["store_id", "image_url", "visit_time"];
  let first = true;
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (!line.trim()) continue;
    const cells = cellsOf(line);
    if (first && cells.includes("image_url")) columns = cells;
    else {
      const cell = (name: string) => cells[columns.indexOf(name)] ?? "";
      const [store, url, time] = [cell("store_id"), cell("image_url"), cell("visit_time")];
      const error = errorIn(store, url);
      if (error) errors.push(`line ${index + 1}: ${error}`);
      else addImage(visits, store, url, time);
    }
    first = false;
  }
  return { visits, errors };
}

function errorIn(store: string, url: string): string | undefined {
  if (!store || store.length > LONGEST_STORE) return `a store_id has 1 to ${LONGEST_STORE} characters`;
  return isHttpUrl(url) ? undefined : `'${url.slice(0, 100)}' is not an http or https address`;
}

function addImage(visits: Visit[], store: string, url: string, time: string): void {
  const last = visits.at(-1);
  if (last?.store_id === store && (last.visit_time ?? "") === time) last.image_url.push(url);
  else visits.push({ store_id: store, image_url: [url], ...(time && { visit_time: time }) });
}

/** A line's cells; one with a comma in it stands in quotes, in which a quote is doubled. */
function cellsOf(line: string): string[] {
  return [...line.matchAll(/(?:^|,)\s*(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
    ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain?.trim() ?? "",
  );
}
