import { useState } from "react";
import { ApiError } from "../api/client";
import type { Submission } from "../api/contract";
import { useApp, useAppState } from "../app-context";

export interface SubmitState {
  busy: boolean;
  error?: ApiError;
  /** False when the token may only read. */
  allowed: boolean;
  /** Creates a job and returns its id, or undefined when that failed; `error` then has the reason. */
  submit: (submission: Submission) => Promise<string | undefined>;
  clearError: () => void;
}

/** Submits a form's job and holds the state of the submission. */
export function useSubmit(): SubmitState {
  const { client } = useApp();
  const { role } = useAppState();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError>();
  const submit = async (submission: Submission): Promise<string | undefined> => {
    setBusy(true);
    setError(undefined);
    try {
      return await client.submit(submission);
    } catch (caught) {
      if (!(caught instanceof ApiError)) throw caught;
      setError(caught);
      return undefined;
    } finally {
      setBusy(false);
    }
  };
  return { busy, error, allowed: role !== "viewer", submit, clearError: () => setError(undefined) };
}
