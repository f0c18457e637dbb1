import { useMemo, useSyncExternalStore } from "react";

/** Where one can go: a page and what it is to show. */
export type Place = Record<string, string>;

const listeners = new Set<() => void>();
const moved = () => {
  for (const listener of listeners) listener();
};
addEventListener("popstate", moved);

export function hrefOf(place: Place): string {
  const said = Object.entries(place).filter(([, value]) => value);
  return `?${new URLSearchParams(said)}`;
}

export function go(place: Place, replace = false): void {
  history[replace ? "replaceState" : "pushState"](null, "", hrefOf(place));
  if (!replace) scrollTo(0, 0);
  moved();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** What the query says (`?view=job&id=…`): the page may be an object in a bucket, so paths are not ours to make up. */
export function useAddress(): URLSearchParams {
  const query = useSyncExternalStore(subscribe, () => location.search);
  return useMemo(() => new URLSearchParams(query), [query]);
}
