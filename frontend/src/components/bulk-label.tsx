import type { Job } from "../api/contract";
import "./bulk-label.css";

/** The word "bulk" on a job whose tasks wait for those of live jobs; nothing on a live job. */
export function BulkLabel({ priority }: Pick<Job, "priority">) {
  return priority ? (
    <span
      className="bulk"
      title="Its tasks wait for those of live jobs: uploads, single tasks and small jobs"
    >
      {priority}
    </span>
  ) : null;
}
