import { useState } from "react";
import { ApiError } from "../api/client";
import type { Counts, Job } from "../api/contract";
import { useApp, useAppState } from "../app-context";
import { cost, duration, formatTime } from "../format";
import { endedCount } from "../store/records";
import { BulkLabel } from "./bulk-label";
import { CopyLine } from "./copy-line";

/** A job's name, status, time and cost, with buttons to cancel or retry it. */
export function JobHeader({ job, counts }: { job: Job; counts: Counts }) {
  const { client } = useApp();
  const { role } = useAppState();
  const [clickedAtVersion, setClickedAtVersion] = useState<number>();
  const [error, setError] = useState<string>();
  const open = job.status === "pending" || job.status === "running";
  const retryable = counts.failed + counts.skipped > 0 && endedCount(counts) === counts.total;
  // After a click the buttons stay disabled until a newer version of the job arrives.
  const busy = clickedAtVersion === job.version;

  const run = async (action: (id: string) => Promise<unknown>) => {
    setClickedAtVersion(job.version);
    setError(undefined);
    try {
      await action(job.id);
    } catch (caught) {
      if (!(caught instanceof ApiError)) throw caught;
      setError(caught.message);
      setClickedAtVersion(undefined);
    }
  };
  const attributes = { type: "button", className: "button", disabled: busy || role === "viewer" } as const;

  return (
    <header className="job-header" data-testid="job-header" data-job={job.id} data-status={job.status}>
      <div className="job-title">
        <p className="kind">
          {job.kind} <BulkLabel priority={job.priority} />
        </p>
        <h1 className="title">{job.name ?? job.id}</h1>
        <p className="job-details">
          <span className="status">{job.status}</span>
          <time dateTime={job.created_at}>{formatTime(Date.parse(job.created_at))}</time>
          {!open && <span>in {duration(Date.parse(job.updated_at) - Date.parse(job.created_at))}</span>}
          {job.cost_usd ? (
            <span title="Estimated cost on AWS so far (cost_usd)">{cost(job.cost_usd)}</span>
          ) : null}
        </p>
      </div>
      <div className="job-actions">
        {open && (
          <button {...attributes} onClick={() => void run((id) => client.cancel(id))}>
            Cancel
          </button>
        )}
        {!open && retryable && (
          <button {...attributes} onClick={() => void run((id) => client.retry(id))}>
            {job.status === "cancelled" ? "Resume" : "Retry what failed"}
          </button>
        )}
        <CopyLine text={job.id} />
      </div>
      {error && (
        <p className="error-text" role="alert">
          {error}
        </p>
      )}
    </header>
  );
}
