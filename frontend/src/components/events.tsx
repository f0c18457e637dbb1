import { useEffect, useState } from "react";
import { useAppState } from "../app-context";
import "./events.css";

const SHOWN_FOR_MS = 8_000;
const MAX_SHOWN = 3;

/** Shows each new system event for a few seconds in a corner of every page. The ops page lists all of them. */
export function Events() {
  const { events } = useAppState();
  const [dismissed, setDismissed] = useState<ReadonlySet<string>>(new Set());
  const shown = events.filter((event) => !dismissed.has(event.id)).slice(0, MAX_SHOWN);
  const oldest = shown.at(-1)?.id;
  const dismiss = (id: string) => setDismissed((before) => new Set(before).add(id));
  useEffect(() => {
    if (oldest === undefined) return;
    const timer = setTimeout(() => setDismissed((before) => new Set(before).add(oldest)), SHOWN_FOR_MS);
    return () => clearTimeout(timer);
  }, [oldest]);
  return (
    <ul className="events" aria-live="polite" data-testid="events">
      {shown.map(({ id, message }) => (
        <li key={id}>
          {message}
          <button type="button" aria-label="Dismiss" onClick={() => dismiss(id)}>
            ×
          </button>
        </li>
      ))}
    </ul>
  );
}
