import { useEffect, useState } from "react";
import { useUmbel } from "../app-context";
import "./events.css";

const SHOWN_FOR = 8_000;
const AT_ONCE = 3;

/** What happens to the deployment, told in passing on every page; the ops' page keeps it. */
export function Events() {
  const { events } = useUmbel();
  const [told, setTold] = useState<ReadonlySet<string>>(new Set());
  const fresh = events.filter((event) => !told.has(event.id)).slice(0, AT_ONCE);
  const oldest = fresh.at(-1)?.id;
  useEffect(() => {
    if (oldest === undefined) return;
    const leaving = setTimeout(() => setTold((before) => new Set(before).add(oldest)), SHOWN_FOR);
    return () => clearTimeout(leaving);
  }, [oldest]);
  return (
    <ul className="events" aria-live="polite" data-testid="events">
      {fresh.map(({ id, message }) => (
        <li key={id}>
          {message}
          <button
            type="button"
            aria-label="Dismiss"
            onClick={() => setTold((before) => new Set(before).add(id))}
          >
            ×
          </button>
        </li>
      ))}
    </ul>
  );
}
