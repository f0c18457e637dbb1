import { useCallback, useEffect, useState } from "react";
import type { ApiError } from "../api/client";
import type { Op } from "../api/contract";
import { useApp, useAppState } from "../app-context";

interface Ops {
  ops?: readonly Op[];
  /** Why the ops could not be loaded. */
  error?: string;
  reload: () => void;
}

/** Returns the deployed ops. They are read again after each reconnect and after each system event. */
export function useOps(): Ops {
  const { client, store } = useApp();
  const { ops, connection, events } = useAppState();
  const [error, setError] = useState<string>();
  const reload = useCallback(() => {
    client.ops().then(
      (loaded) => {
        setError(undefined);
        store.set({ ops: loaded });
      },
      (caught: ApiError) => setError(caught.message),
    );
  }, [client, store]);
  const newestEvent = events[0]?.id;
  // biome-ignore lint/correctness/useExhaustiveDependencies: a change of these is a reason to read the ops again
  useEffect(reload, [reload, connection === "live", newestEvent]);
  return { ops, error, reload };
}
