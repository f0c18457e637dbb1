import { useMemo, useSyncExternalStore } from "react";

/** A page of the app as the fields of a query string, for example `{ view: "job", id: "j1" }`. */
export type Route = Record<string, string>;

const listeners = new Set<() => void>();
const notify = () => {
  for (const listener of listeners) listener();
};
addEventListener("popstate", notify);

export function hrefFor(route: Route): string {
  const filled = Object.entries(route).filter(([, value]) => value);
  return `?${new URLSearchParams(filled)}`;
}

export function navigate(route: Route, replace = false): void {
  history[replace ? "replaceState" : "pushState"](null, "", hrefFor(route));
  if (!replace) scrollTo(0, 0);
  notify();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Returns the URL's query, for example `?view=job&id=j1`. Paths are not used: the page may be an object in a bucket. */
export function useQuery(): URLSearchParams {
  const query = useSyncExternalStore(subscribe, () => location.search);
  return useMemo(() => new URLSearchParams(query), [query]);
}
