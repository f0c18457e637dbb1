import { memo } from "react";
import type { Job } from "../api/types";
import { moment } from "../format";

/** A job that is not a picture, or a picture seen as a job. */
export const JobRow = memo(function JobRow({ job }: { job: Job }) {
  const { total, completed, failed, skipped } = job.counts;
  const [fault, ...faults] = job.errors;
  return (
    <li className="job" data-testid="job" data-job={job.id} data-status={job.status}>
      <span className="kind">{job.kind}</span>
      <span className="name">{job.name ?? job.id}</span>
      <span className="counts">
        {completed} of {total}
        {failed > 0 && `, ${failed} failed`}
        {skipped > 0 && `, ${skipped} skipped`}
      </span>
      <span className="status">{job.status}</span>
      <time dateTime={job.created_at}>{moment(Date.parse(job.created_at))}</time>
      <progress value={completed + failed + skipped} max={total || 1} aria-label="Tasks that have ended" />
      {fault && (
        <p className="sentence" data-testid="sentence">
          {fault.message}
          {faults.length > 0 && ` And ${faults.length} more.`}
        </p>
      )}
    </li>
  );
});
