import { JobRow } from "../components/job-row";
import { LoadMore } from "../components/load-more";
import { useUmbel } from "../parts";
import { jobsOf } from "../store/pictures";
import "./jobs.css";

/** Every job of every kind, one line each. */
export function JobsPage() {
  const state = useUmbel();
  const jobs = jobsOf(state);
  return (
    <>
      <h1 className="title">Jobs</h1>
      {jobs.length === 0 && (
        <p className="none">{state.loaded ? "No job has been started yet." : "Asking."}</p>
      )}
      <ul className="jobs">
        {jobs.map((job) => (
          <JobRow key={job.id} job={job} />
        ))}
      </ul>
      <LoadMore />
    </>
  );
}
