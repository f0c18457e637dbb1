import { useState } from "react";
import { ApiError } from "../api/client";
import type { Counts, Job } from "../api/types";
import { useParts, useUmbel } from "../app-context";
import { cost, duration, moment } from "../format";
import { ended } from "../store/records";
import { CopyLine } from "./copy-line";

/** What a job is, how it stands, and what may be done about it. */
export function JobHead({ job, counts }: { job: Job; counts: Counts }) {
  const { client } = useParts();
  const { role } = useUmbel();
  const [asked, setAsked] = useState<number>();
  const [fault, setFault] = useState<string>();
  const open = job.status === "pending" || job.status === "running";
  const left = counts.failed + counts.skipped > 0 && ended(counts) === counts.total;
  // From the answer until the job's own message both buttons rest.
  const busy = asked === job.version;

  const act = async (what: (id: string) => Promise<unknown>) => {
    setAsked(job.version);
    setFault(undefined);
    try {
      await what(job.id);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      setFault(error.message);
      setAsked(undefined);
    }
  };
  const attributes = { type: "button", className: "button", disabled: busy || role === "viewer" } as const;

  return (
    <header className="job-head" data-testid="job-head" data-job={job.id} data-status={job.status}>
      <div className="what">
        <p className="kind">{job.kind}</p>
        <h1 className="title">{job.name ?? job.id}</h1>
        <p className="facts">
          <span className="status">{job.status}</span>
          <time dateTime={job.created_at}>{moment(Date.parse(job.created_at))}</time>
          {!open && <span>in {duration(Date.parse(job.updated_at) - Date.parse(job.created_at))}</span>}
          {job.cost_usd ? <span title="Lambda's price of the runs">{cost(job.cost_usd)}</span> : null}
        </p>
      </div>
      <div className="do">
        {open && (
          <button {...attributes} onClick={() => void act((id) => client.cancel(id))}>
            Cancel
          </button>
        )}
        {!open && left && (
          <button {...attributes} onClick={() => void act((id) => client.retry(id))}>
            {job.status === "cancelled" ? "Resume" : "Retry what failed"}
          </button>
        )}
        <CopyLine text={job.id} />
      </div>
      {fault && (
        <p className="sentence" role="alert">
          {fault}
        </p>
      )}
    </header>
  );
}
