import { useCallback, useEffect, useRef, useState } from "react";

interface Props {
  /** False when everything is shown. */
  more: boolean;
  load: () => Promise<unknown>;
  what: string;
}

/** A button that loads the next part of a list. It also loads when it comes near the visible part of the page. */
export function LoadMore({ more, load, what }: Props) {
  const [loading, setLoading] = useState(false);
  const button = useRef<HTMLButtonElement>(null);

  const next = useCallback(() => {
    setLoading(true);
    load()
      // The header shows a lost connection; the button stays for another attempt.
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
