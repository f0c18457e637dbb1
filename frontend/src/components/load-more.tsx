import { useCallback, useEffect, useRef, useState } from "react";

interface Props {
  /** False when there is nothing behind what is shown. */
  more: boolean;
  load: () => Promise<unknown>;
  what: string;
}

/** The next page of a list, fetched when one scrolls near the end; a button for those who do not scroll. */
export function LoadMore({ more, load, what }: Props) {
  const [loading, setLoading] = useState(false);
  const button = useRef<HTMLButtonElement>(null);

  const next = useCallback(() => {
    setLoading(true);
    load()
      // Unreachable is shown by the connection; the button stays.
      .catch(() => undefined)
      .finally(() => setLoading(false));
  }, [load]);

  useEffect(() => {
    if (!button.current || !more) return;
    const observer = new IntersectionObserver(([seen]) => seen?.isIntersecting && next(), {
      rootMargin: "600px",
    });
    observer.observe(button.current);
    return () => observer.disconnect();
  }, [more, next]);

  if (!more) return null;
  return (
    <button ref={button} type="button" className="button load-more" onClick={next} disabled={loading}>
      {loading ? `Loading ${what}` : `Load ${what}`}
    </button>
  );
}
