export interface Addresses {
  urls: string[];
  /** What is no http or https address, by its line. */
  faults: { line: number; text: string }[];
}

const LONGEST = 2048;

/** One address a line; blank lines count for nothing. */
export function readAddresses(text: string): Addresses {
  const found: Addresses = { urls: [], faults: [] };
  for (const [index, line] of text.split("\n").entries()) {
    const said = line.trim();
    if (!said) continue;
    if (isAddress(said)) found.urls.push(said);
    else found.faults.push({ line: index + 1, text: said });
  }
  return found;
}

export function isAddress(text: string): boolean {
  return /^https?:\/\/[^\s/]/.test(text) && !/\s/.test(text) && text.length <= LONGEST;
}
