import type { Counts } from "../api/types";
import { ended } from "../store/records";
import "./bar.css";

/** A job's tasks as one bar: done, failed, skipped, and what is to come. */
export function Bar({ counts }: { counts: Counts }) {
  const { total, completed, failed, skipped } = counts;
  const width = (value: number) => ({ width: `${(100 * value) / (total || 1)}%` });
  return (
    <div
      className="progress-bar"
      role="progressbar"
      aria-label="Tasks that have ended"
      aria-valuemin={0}
      aria-valuemax={total}
      aria-valuenow={ended(counts)}
    >
      <span data-part="completed" style={width(completed)} />
      <span data-part="failed" style={width(failed)} />
      <span data-part="skipped" style={width(skipped)} />
    </div>
  );
}
