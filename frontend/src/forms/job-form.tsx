import type { FormEvent, ReactNode } from "react";
import type { Submission } from "../api/contract";
import { navigate } from "../router";
import { submitOnCtrlEnter } from "./submit-on-ctrl-enter";
import type { SubmitState } from "./use-submit";

interface JobFormProps {
  /** The kind of job, as people call it: "batch". */
  name: string;
  summary: string;
  state: SubmitState;
  /** Undefined while the form is incomplete or has an error. */
  submission: Submission | undefined;
  /** Buttons beside the submit button. */
  buttons?: ReactNode;
  children: ReactNode;
}

/** A form that creates a job and then shows the job's page. */
export function JobForm({ name, summary, state, submission, buttons, children }: JobFormProps) {
  const { busy, error, allowed, submit } = state;
  const onSubmit = async (event: FormEvent) => {
    event.preventDefault();
    if (!submission || busy) return;
    const jobId = await submit(submission);
    if (jobId) navigate({ view: "job", id: jobId });
  };
  return (
    <section className="panel narrow">
      <p className="summary">{summary}</p>
      <fieldset className="form" disabled={!allowed} aria-label={`${name[0]?.toUpperCase()}${name.slice(1)}`}>
        <form onSubmit={(event) => void onSubmit(event)} onKeyDown={submitOnCtrlEnter} noValidate>
          {children}
          <div className="send">
            <button type="submit" className="button primary" disabled={busy || !submission}>
              {busy ? "Starting" : `Start the ${name}`}
            </button>
            {buttons}
            <p className="error-text" role="alert">
              {error?.message}
            </p>
          </div>
        </form>
      </fieldset>
    </section>
  );
}
