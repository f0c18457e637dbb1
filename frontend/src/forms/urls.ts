import type { PublishedLimits } from "../api/contract";

export interface ParsedUrls {
  urls: string[];
  /** Lines that are not an http or https URL. */
  errors: { line: number; text: string }[];
}

/** Reads one URL per line and skips blank lines. */
export function parseUrls(text: string, limits: PublishedLimits): ParsedUrls {
  const parsed: ParsedUrls = { urls: [], errors: [] };
  for (const [index, line] of text.split("\n").entries()) {
    const trimmed = line.trim();
    if (!trimmed) continue;
    if (isHttpUrl(trimmed, limits)) parsed.urls.push(trimmed);
    else parsed.errors.push({ line: index + 1, text: trimmed });
  }
  return parsed;
}

export function isHttpUrl(text: string, limits: PublishedLimits): boolean {
  return /^https?:\/\/[^\s/]/.test(text) && !/\s/.test(text) && text.length <= limits.max_url_length;
}
