import type { Counts } from "../api/contract";
import { endedCount } from "../store/records";
import "./progress-bar.css";

/** A job's tasks as one bar: completed, failed, skipped; the rest of the bar is empty. */
export function ProgressBar({ counts }: { counts: Counts }) {
  const { total, completed, failed, skipped } = counts;
  const width = (value: number) => ({ width: `${(100 * value) / (total || 1)}%` });
  return (
    <div
      className="progress-bar"
      role="progressbar"
      aria-label="Tasks that have ended"
      aria-valuemin={0}
      aria-valuemax={total}
      aria-valuenow={endedCount(counts)}
    >
      <span data-part="completed" style={width(completed)} />
      <span data-part="failed" style={width(failed)} />
      <span data-part="skipped" style={width(skipped)} />
    </div>
  );
}
