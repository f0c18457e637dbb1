import Papa from "papaparse";
import type { PublishedLimits, VisitBody } from "../api/contract";
import { isHttpUrl } from "./urls";
import { imageUrlError, type ParsedVisits, storeIdError } from "./visit";

const COLUMNS = ["store_id", "image_url", "visit_time"];
const DELIMITERS = [",", ";", "\t"];

/**
 * Reads CSV with one image per row and the columns `store_id`, `image_url` and, optionally, `visit_time`. The header
 * may have them in any order and case; without a header they are in this order. Consecutive rows of the same store and
 * time make one visit.
 */
export function readCsv(text: string, limits: PublishedLimits): ParsedVisits {
  const lines = text.replace(/^\uFEFF/, "").replace(/\r\n?/g, "\n");
  const { data: rows, errors: syntaxErrors } = Papa.parse<string[]>(lines, {
    delimiter: delimiterOf(lines, limits),
    newline: "\n",
  });
  const badQuotes = new Set(syntaxErrors.map(({ row }) => row));
  const visits: VisitBody[] = [];
  const errors: string[] = [];
  let columns: string[] | undefined;
  let nextLine = 1;
  for (const [index, row] of rows.entries()) {
    const line = nextLine;
    // A quoted cell may contain line breaks: the row then has more than one line of the file.
    nextLine += row.join("").split("\n").length;
    const cells = row.map((cell) => cell.trim());
    if (cells.every((cell) => !cell)) continue;
    if (badQuotes.has(index)) {
      errors.push(`line ${line}: a quotation mark (") is missing or misplaced`);
      continue;
    }
    if (!columns) {
      columns = headerOf(cells);
      if (columns) {
        const missing = COLUMNS.slice(0, 2).filter((column) => !columns?.includes(column));
        if (missing.length > 0) return { visits, errors: [`line ${line}: the column ${missing} is missing`] };
        continue;
      }
      columns = COLUMNS;
    }
    const cell = (column: string) => cells[columns?.indexOf(column) ?? -1] ?? "";
    const [store, url, time] = [cell("store_id"), cell("image_url"), cell("visit_time")];
    const error = storeIdError(store, limits) ?? imageUrlError(url, limits);
    if (error) errors.push(`line ${line}: ${error}`);
    else addImage(visits, store, url, time);
  }
  return { visits, errors };
}

/** Returns the first delimiter with which the first row has a header or a URL. */
function delimiterOf(lines: string, limits: PublishedLimits): string {
  const fits = (delimiter: string) => {
    const [row = []] = Papa.parse<string[]>(lines, {
      delimiter,
      newline: "\n",
      preview: 1,
      skipEmptyLines: "greedy",
    }).data;
    const cells = row.map((cell) => cell.trim());
    return (
      cells.length > 1 && (headerOf(cells) !== undefined || cells.some((cell) => isHttpUrl(cell, limits)))
    );
  };
  return DELIMITERS.find(fits) ?? ",";
}

function headerOf(cells: string[]): string[] | undefined {
  const names = cells.map((cell) => cell.toLowerCase());
  return names.includes("image_url") || names.includes("store_id") ? names : undefined;
}

function addImage(visits: VisitBody[], store: string, url: string, time: string): void {
  const last = visits.at(-1);
  if (last?.store_id === store && (last.visit_time ?? "") === time) last.image_url.push(url);
  else visits.push({ store_id: store, image_url: [url], ...(time && { visit_time: time }) });
}
