import { useParts, useUmbel } from "../app-context";
import { JobRow } from "../components/job-row";
import { Link } from "../components/link";
import { LoadMore } from "../components/load-more";
import { jobsOf } from "../store/pictures";
import "./jobs.css";

/** Every job of every kind, one line each. */
export function JobsPage() {
  const { session } = useParts();
  const state = useUmbel();
  const jobs = jobsOf(state);
  return (
    <>
      <h1 className="title">Jobs</h1>
      {jobs.length === 0 && (
        <p className="none">
          {state.loaded ? (
            <>
              No job has been started yet. <Link to={{ view: "send" }}>Send some work</Link>, or drop a
              picture.
            </>
          ) : (
            "Asking."
          )}
        </p>
      )}
      <ul className="jobs" aria-label="Jobs">
        {jobs.map(({ job, counts }) => (
          <JobRow key={job.id} job={job} {...counts} />
        ))}
      </ul>
      <LoadMore more={Boolean(state.cursor)} load={session.loadMore} what="older ones" />
    </>
  );
}
