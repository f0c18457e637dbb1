import { useEffect, useRef, useState } from "react";
import type { Counts, Job, JobError } from "../api/contract";
import { count } from "../format";
import { endedCount } from "../store/records";
import { Link } from "./link";
import { ProgressBar } from "./progress-bar";

const SPEAK_EVERY_MS = 5_000;
const ERRORS_SHOWN = 4;

/** A job's progress as a bar, as text, and for screen readers; below it the job's errors. */
export function Progress({ job, counts }: { job: Job; counts: Counts }) {
  const sentence = progressSentence(job, counts);
  return (
    <section className="progress" aria-label="Progress">
      <ProgressBar counts={counts} />
      <p className="counts-text" data-testid="counts">
        {sentence}
      </p>
      <ScreenReaderSentence sentence={sentence} ended={endedCount(counts) === counts.total} />
      <JobErrors job={job} counts={counts} />
    </section>
  );
}

function progressSentence({ status }: Job, counts: Counts): string {
  const { total, completed, failed, skipped } = counts;
  if (total === 0) return status === "pending" ? "Waiting to be planned." : "No task was run.";
  const left = total - endedCount(counts);
  const parts = [
    `${count(completed)} of ${count(total)} done`,
    failed > 0 && `${count(failed)} failed`,
    skipped > 0 && `${count(skipped)} skipped`,
    left > 0 && (status === "cancelled" ? `${count(left)} still to be skipped` : `${count(left)} to come`),
  ];
  const sentence = parts.filter(Boolean).join(", ");
  return status === "cancelled" && left === 0 ? `Cancelled: ${sentence}.` : `${sentence}.`;
}

/** Reads the progress to screen readers every five seconds and at the end, so that it does not drown everything else. */
function ScreenReaderSentence({ sentence, ended }: { sentence: string; ended: boolean }) {
  const [spoken, setSpoken] = useState("");
  const latest = useRef(sentence);
  latest.current = sentence;
  useEffect(() => {
    if (ended) setSpoken(latest.current);
    const timer = setInterval(() => setSpoken(latest.current), SPEAK_EVERY_MS);
    return () => clearInterval(timer);
  }, [ended]);
  return (
    <p className="visually-hidden" aria-live="polite">
      {spoken}
    </p>
  );
}

function JobErrors({ job, counts }: { job: Job; counts: Counts }) {
  const [all, setAll] = useState(false);
  const { errors } = job;
  if (errors.length === 0) return null;
  const shown = all ? errors : errors.slice(0, ERRORS_SHOWN);
  const unlisted = counts.failed - errors.length;
  return (
    <ul className="errors" data-testid="errors">
      {shown.map((error, index) => (
        <li key={error.task ?? index}>
          {sourceOf(error) && <b>{sourceOf(error)}</b>} {error.message}
        </li>
      ))}
      {errors.length > shown.length && (
        <li>
          <button type="button" className="button quiet" onClick={() => setAll(true)}>
            Show all {errors.length}
          </button>
        </li>
      )}
      {unlisted > 0 && (
        <li>
          <Link to={{ view: "job", id: job.id, show: "tasks", status: "failed" }}>
            Show {count(unlisted)} more failed tasks
          </Link>
        </li>
      )}
    </ul>
  );
}

function sourceOf({ store_id, variant }: JobError): string | undefined {
  return store_id ?? variant;
}
