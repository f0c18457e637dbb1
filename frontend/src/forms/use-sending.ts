import { useState } from "react";
import { ApiError, type Submission } from "../api/client";
import { useParts, useUmbel } from "../app-context";

export interface Sending {
  busy: boolean;
  /** The API's sentence when it refused, or ours when it could not be asked. */
  fault?: string;
  /** True when this token may send at all. */
  allowed: boolean;
  send: (submission: Submission) => Promise<string | undefined>;
  clear: () => void;
}

/** Sending a form: one at a time, with the id of its job or the reason why there is none. */
export function useSending(): Sending {
  const { client } = useParts();
  const { role } = useUmbel();
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<string>();
  const send = async (submission: Submission): Promise<string | undefined> => {
    setBusy(true);
    setFault(undefined);
    try {
      return await client.submit(submission);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      setFault(error.message);
      return undefined;
    } finally {
      setBusy(false);
    }
  };
  return { busy, fault, allowed: role !== "viewer", send, clear: () => setFault(undefined) };
}
