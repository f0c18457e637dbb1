import { createContext, useContext, useEffect } from "react";
import type { Client } from "./api/client";
import type { PageConfig } from "./api/contract";
import type { LedgerSync } from "./live/ledger-sync";
import { type AppStore, type State, useStore } from "./store/app-store";
import type { Uploads } from "./upload/uploads";

/** The objects that every page may use. */
export interface App {
  config: PageConfig;
  client: Client;
  store: AppStore;
  sync: LedgerSync;
  uploads: Uploads;
}

export const AppContext = createContext<App | null>(null);

/** Returns the app's objects; a component calls it anywhere below `Workspace`. */
export function useApp(): App {
  const app = useContext(AppContext);
  if (!app) throw new Error("useApp was called outside of a Workspace");
  return app;
}

export function useAppState(): State {
  return useStore(useApp().store);
}

/** Passes files that are dropped or pasted anywhere to `handle` instead of uploading them, while the component is shown. */
export function useDroppedFiles(handle: (file: File) => void): void {
  const { uploads } = useApp();
  useEffect(() => {
    uploads.fileHandler = handle;
    return () => {
      uploads.fileHandler = undefined;
    };
  }, [uploads, handle]);
}
