import { useEffect, useRef, useState } from "react";
import type { Counts, Fault, Job } from "../api/types";
import { count } from "../format";
import { ended } from "../store/records";
import { Bar } from "./bar";
import { Link } from "./link";

const SPEAK_EVERY = 5_000;
const FAULTS_SHOWN = 4;

/** How far a job has come, in a bar, in numbers, and now and then aloud; and what went wrong in it. */
export function Progress({ job, counts }: { job: Job; counts: Counts }) {
  const said = sentenceOf(job, counts);
  return (
    <section className="progress" aria-label="Progress">
      <Bar counts={counts} />
      <p className="said" data-testid="counts">
        {said}
      </p>
      <Spoken sentence={said} ended={ended(counts) === counts.total} />
      <Faults job={job} counts={counts} />
    </section>
  );
}

function sentenceOf({ status }: Job, counts: Counts): string {
  const { total, completed, failed, skipped } = counts;
  if (total === 0) return status === "pending" ? "Waiting to be planned." : "Nothing of it ran.";
  const left = total - ended(counts);
  const parts = [
    `${count(completed)} of ${count(total)} done`,
    failed > 0 && `${count(failed)} failed`,
    skipped > 0 && `${count(skipped)} skipped`,
    left > 0 && (status === "cancelled" ? `${count(left)} still to be skipped` : `${count(left)} to come`),
  ];
  const sentence = parts.filter(Boolean).join(", ");
  return status === "cancelled" && left === 0 ? `Cancelled: ${sentence}.` : `${sentence}.`;
}

/** A stream of numbers would talk over everything else: one sentence in five seconds, and the last one. */
function Spoken({ sentence, ended }: { sentence: string; ended: boolean }) {
  const [spoken, setSpoken] = useState("");
  const latest = useRef(sentence);
  latest.current = sentence;
  useEffect(() => {
    if (ended) setSpoken(latest.current);
    const speaking = setInterval(() => setSpoken(latest.current), SPEAK_EVERY);
    return () => clearInterval(speaking);
  }, [ended]);
  return (
    <p className="visually-hidden" aria-live="polite">
      {spoken}
    </p>
  );
}

function Faults({ job, counts }: { job: Job; counts: Counts }) {
  const [all, setAll] = useState(false);
  const { errors } = job;
  if (errors.length === 0) return null;
  const shown = all ? errors : errors.slice(0, FAULTS_SHOWN);
  const unlisted = counts.failed - errors.length;
  return (
    <ul className="faults" data-testid="faults">
      {shown.map((fault, place) => (
        <li key={fault.task ?? place}>
          {placeOf(fault) && <b>{placeOf(fault)}</b>} {fault.message}
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
            And {count(unlisted)} more among the failed tasks
          </Link>
        </li>
      )}
    </ul>
  );
}

function placeOf({ store_id, variant }: Fault): string | undefined {
  return store_id ?? variant;
}
