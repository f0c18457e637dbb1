import { useCallback, useEffect, useRef, useState } from "react";
import { useParts, useUmbel } from "../parts";

/** The older jobs, fetched when one scrolls near the end; a button for those who do not scroll. */
export function LoadMore() {
  const { session } = useParts();
  const { cursor } = useUmbel();
  const [loading, setLoading] = useState(false);
  const button = useRef<HTMLButtonElement>(null);

  const load = useCallback(() => {
    setLoading(true);
    session
      .loadMore()
      // Unreachable is shown by the connection; the button stays.
      .catch(() => undefined)
      .finally(() => setLoading(false));
  }, [session]);

  useEffect(() => {
    if (!button.current || !cursor) return;
    const observer = new IntersectionObserver(([seen]) => seen?.isIntersecting && load(), {
      rootMargin: "600px",
    });
    observer.observe(button.current);
    return () => observer.disconnect();
  }, [cursor, load]);

  if (!cursor) return null;
  return (
    <button ref={button} type="button" className="button load-more" onClick={load} disabled={loading}>
      {loading ? "Loading older ones" : "Load older ones"}
    </button>
  );
}
