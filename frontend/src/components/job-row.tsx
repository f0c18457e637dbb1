import { memo } from "react";
import type { Counts, Job } from "../api/contract";
import { count, formatTime } from "../format";
import { BulkLabel } from "./bulk-label";
import { Link } from "./link";

/** One line of the list of jobs. */
export const JobRow = memo(function JobRow({
  job,
  total,
  completed,
  failed,
  skipped,
}: { job: Job } & Counts) {
  const [error, ...otherErrors] = job.errors;
  return (
    <li className="job" data-testid="job" data-job={job.id} data-status={job.status}>
      <span className="kind">
        {job.kind} <BulkLabel priority={job.priority} />
      </span>
      <Link className="name" to={{ view: "job", id: job.id }}>
        {job.name ?? job.id}
      </Link>
      <span className="counts">
        {count(completed)} of {count(total)}
        {failed > 0 && `, ${count(failed)} failed`}
        {skipped > 0 && `, ${count(skipped)} skipped`}
      </span>
      <span className="status">{job.status}</span>
      <time dateTime={job.created_at}>{formatTime(Date.parse(job.created_at))}</time>
      <progress value={completed + failed + skipped} max={total || 1} aria-label="Tasks that have ended" />
      {error && (
        <p className="error-text" data-testid="error">
          {error.store_id && `${error.store_id}: `}
          {error.message}
          {otherErrors.length > 0 && ` And ${otherErrors.length} more.`}
        </p>
      )}
    </li>
  );
});
