/** Visits to stores, from JSON or CSV, checked by the rules of `POST /batches` before they are sent. */

import { isAddress } from "./urls";

export interface Visit {
  store_id: string;
  image_url: string[];
  visit_time?: string;
}

export interface Visits {
  visits: Visit[];
  /** Each names its place: a path in JSON, a line in CSV. */
  faults: string[];
  gpuSeconds?: number;
}

const LONGEST_STORE = 128;

export function readVisits(text: string): Visits {
  const said = text.trim();
  if (!said) return { visits: [], faults: [] };
  return said.startsWith("{") || said.startsWith("[") ? readJson(said) : readCsv(text);
}

export function storesOf(visits: Visit[]): Map<string, number> {
  const stores = new Map<string, number>();
  for (const { store_id, image_url } of visits)
    stores.set(store_id, (stores.get(store_id) ?? 0) + image_url.length);
  return stores;
}

function readJson(text: string): Visits {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (fault) {
    return { visits: [], faults: [`$: not JSON: ${(fault as Error).message}`] };
  }
  const body = Array.isArray(document) ? { visits: document } : (document as Record<string, unknown>);
  const { count, visits: given, gpu_seconds: pause } = body as Record<string, unknown>;
  if (!Array.isArray(given)) return { visits: [], faults: ["$.visits: Expected `array`"] };
  const faults: string[] = [];
  if (count !== undefined && count !== given.length) {
    faults.push(`$.count: ${String(count)}, but there are ${given.length} visits`);
  }
  if (given.length === 0) faults.push("$.visits: Expected `array` of length >= 1");
  const visits = given.flatMap((one: unknown, place) => readVisit(one, `$.visits[${place}]`, faults) ?? []);
  return { visits, faults, ...(typeof pause === "number" && { gpuSeconds: pause }) };
}

function readVisit(given: unknown, path: string, faults: string[]): Visit | undefined {
  const { store_id, image_url, visit_time } = (given ?? {}) as Record<string, unknown>;
  const before = faults.length;
  if (typeof store_id !== "string" || !store_id || store_id.length > LONGEST_STORE) {
    faults.push(`${path}.store_id: Expected \`str\` of length 1 to ${LONGEST_STORE}`);
  }
  if (!Array.isArray(image_url) || image_url.length === 0) {
    faults.push(`${path}.image_url: Expected \`array\` of length >= 1`);
  } else {
    for (const [at, url] of image_url.entries()) {
      if (typeof url !== "string" || !isAddress(url)) {
        faults.push(
          `${path}.image_url[${at}]: '${String(url).slice(0, 100)}' is not an http or https address`,
        );
      }
    }
  }
  if (faults.length > before) return undefined;
  const visit = { store_id: store_id as string, image_url: image_url as string[] };
  return typeof visit_time === "string" ? { ...visit, visit_time } : visit;
}

/** `store_id,image_url[,visit_time]`, an image a line; lines of one store and time that stand together are one visit. */
function readCsv(text: string): Visits {
  const visits: Visit[] = [];
  const faults: string[] = [];
  let columns = ["store_id", "image_url", "visit_time"];
  let first = true;
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (!line.trim()) continue;
    const cells = cellsOf(line);
    if (first && cells.includes("image_url")) columns = cells;
    else {
      const cell = (name: string) => cells[columns.indexOf(name)] ?? "";
      const [store, url, time] = [cell("store_id"), cell("image_url"), cell("visit_time")];
      const fault = faultOf(store, url);
      if (fault) faults.push(`line ${index + 1}: ${fault}`);
      else addImage(visits, store, url, time);
    }
    first = false;
  }
  return { visits, faults };
}

function faultOf(store: string, url: string): string | undefined {
  if (!store || store.length > LONGEST_STORE) return `a store_id has 1 to ${LONGEST_STORE} characters`;
  return isAddress(url) ? undefined : `'${url.slice(0, 100)}' is not an http or https address`;
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
