import type { FormEvent, ReactNode } from "react";
import type { Submission } from "../api/client";
import { go } from "../view";
import { submitOnEnter } from "./submit-on-enter";
import type { Sending } from "./use-sending";

interface JobSheetProps {
  /** What is sent, as people call it: "batch". */
  name: string;
  summary: string;
  sending: Sending;
  /** What is to be sent, when it can be. */
  submission: Submission | undefined;
  /** Further buttons. */
  beside?: ReactNode;
  children: ReactNode;
}

/** A form that starts a job. What becomes of it is the job's own page. */
export function JobSheet({ name, summary, sending, submission, beside, children }: JobSheetProps) {
  const { busy, fault, allowed, send } = sending;
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (!submission || busy) return;
    const job = await send(submission);
    if (job) go({ view: "job", id: job });
  };
  return (
    <section className="sheet narrow">
      <p className="lead">{summary}</p>
      <fieldset className="form" disabled={!allowed} aria-label={`${name[0]?.toUpperCase()}${name.slice(1)}`}>
        <form onSubmit={(event) => void submit(event)} onKeyDown={submitOnEnter} noValidate>
          {children}
          <div className="send">
            <button type="submit" className="button primary" disabled={busy || !submission}>
              {busy ? "Starting" : `Start the ${name}`}
            </button>
            {beside}
            <p className="sentence" role="alert">
              {fault}
            </p>
          </div>
        </form>
      </fieldset>
    </section>
  );
}
