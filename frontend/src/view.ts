import { useCallback, useEffect, useState } from "react";

const inAddress = () => new URLSearchParams(location.search).get("view") ?? "";

/** Which page is shown, kept in `?view=`: the page may be an object in a bucket, so paths are not ours to make up. */
export function useView(): [string, (view: string) => void] {
  const [view, setView] = useState(inAddress);
  useEffect(() => {
    const moved = () => setView(inAddress());
    addEventListener("popstate", moved);
    return () => removeEventListener("popstate", moved);
  }, []);
  const go = useCallback((next: string) => {
    history.pushState(null, "", next ? `?view=${next}` : location.pathname);
    setView(next);
    scrollTo(0, 0);
  }, []);
  return [view, go];
}
