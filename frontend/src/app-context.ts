import { createContext, useContext, useEffect } from "react";
import type { Client } from "./api/client";
import type { Config } from "./api/config";
import type { Session } from "./live/session";
import { type State, type Store, useStore } from "./store/store";
import type { Uploads } from "./upload/uploads";

/** What every page may use. */
export interface Parts {
  config: Config;
  client: Client;
  store: Store;
  session: Session;
  uploads: Uploads;
}

export const PartsContext = createContext<Parts | null>(null);

export function useParts(): Parts {
  const parts = useContext(PartsContext);
  if (!parts) throw new Error("useParts is for what stands inside a Workspace");
  return parts;
}

export function useUmbel(): State {
  return useStore(useParts().store);
}

/** Files that are dropped or pasted anywhere come here while the component stands. */
export function useFiles(take: (file: File) => void): void {
  const { uploads } = useParts();
  useEffect(() => {
    uploads.taker = take;
    return () => {
      uploads.taker = undefined;
    };
  }, [uploads, take]);
}
