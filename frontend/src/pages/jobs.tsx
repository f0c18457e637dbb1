import { useApp, useAppState } from "../app-context";
import { JobRow } from "../components/job-row";
import { Link } from "../components/link";
import { LoadMore } from "../components/load-more";
import { jobsOf } from "../store/pictures";
import "./jobs.css";

/** Every job of every kind, one line each. */
export function JobsPage() {
  const { config, sync } = useApp();
  const state = useAppState();
  const jobs = jobsOf(state, config.limits.kept_variants);
  return (
    <>
      <h1 className="title">Jobs</h1>
      {jobs.length === 0 && (
        <p className="empty-message">
          {state.loaded ? (
            <>
              There are no jobs yet. <Link to={{ view: "send" }}>Send a task</Link>, or drop a picture.
            </>
          ) : (
            "Loading."
          )}
        </p>
      )}
      <ul className="jobs" aria-label="Jobs">
        {jobs.map(({ job, counts }) => (
          <JobRow key={job.id} job={job} {...counts} />
        ))}
      </ul>
      <LoadMore more={Boolean(state.cursor)} load={sync.loadMore} what="older jobs" />
    </>
  );
}
