import { useCallback, useEffect, useState } from "react";
import type { ApiError } from "../api/client";
import type { OpCard } from "../api/types";
import { useParts, useUmbel } from "../app-context";

interface Ops {
  cards?: readonly OpCard[];
  /** Why they could not be read. */
  fault?: string;
  reload: () => void;
}

/** The deployed ops; read again when the connection is back, and when something happened to the deployment. */
export function useOps(): Ops {
  const { client, store } = useParts();
  const { ops, connection, events } = useUmbel();
  const [fault, setFault] = useState<string>();
  const reload = useCallback(() => {
    client.ops().then(
      (cards) => {
        setFault(undefined);
        store.set({ ops: cards });
      },
      (error: ApiError) => setFault(error.message),
    );
  }, [client, store]);
  const latest = events[0]?.id;
  // biome-ignore lint/correctness/useExhaustiveDependencies: these are the occasions to read again
  useEffect(reload, [reload, connection === "live", latest]);
  return { cards: ops, fault, reload };
}
