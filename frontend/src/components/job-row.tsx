import { memo } from "react";
import type { Counts, Job } from "../api/types";
import { count, moment } from "../format";
import { Link } from "./link";

/** A job that is not a picture, or a picture seen as a job. */
export const JobRow = memo(function JobRow({
  job,
  total,
  completed,
  failed,
  skipped,
}: { job: Job } & Counts) {
  const [fault, ...faults] = job.errors;
  return (
    <li className="job" data-testid="job" data-job={job.id} data-status={job.status}>
      <span className="kind">{job.kind}</span>
      <Link className="name" to={{ view: "job", id: job.id }}>
        {job.name ?? job.id}
      </Link>
      <span className="counts">
        {count(completed)} of {count(total)}
        {failed > 0 && `, ${count(failed)} failed`}
        {skipped > 0 && `, ${count(skipped)} skipped`}
      </span>
      <span className="status">{job.status}</span>
      <time dateTime={job.created_at}>{moment(Date.parse(job.created_at))}</time>
      <progress value={completed + failed + skipped} max={total || 1} aria-label="Tasks that have ended" />
      {fault && (
        <p className="sentence" data-testid="sentence">
          {fault.store_id && `${fault.store_id}: `}
          {fault.message}
          {faults.length > 0 && ` And ${faults.length} more.`}
        </p>
      )}
    </li>
  );
});
