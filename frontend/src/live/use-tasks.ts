import { useEffect, useState, useSyncExternalStore } from "react";
import type { TaskStatus } from "../api/types";
import { useParts } from "../app-context";
import type { Watch, Watched } from "./watch";

const NOTHING: Watched = { tasks: [], state: "loading", more: false };
const nobody = () => () => undefined;

/** A job's tasks while the component stands, and how to read the next page of them. */
export function useTasks(job: string, status?: TaskStatus, whole = false): [Watched, () => Promise<void>] {
  const { session } = useParts();
  const [watch, setWatch] = useState<Watch>();
  useEffect(() => {
    const watching = session.watch(job, { status, whole });
    setWatch(watching);
    return () => {
      setWatch(undefined);
      session.unwatch(watching);
    };
  }, [session, job, status, whole]);
  const watched = useSyncExternalStore(watch?.subscribe ?? nobody, watch?.read ?? (() => NOTHING));
  return [watched, watch?.loadMore ?? (() => Promise.resolve())];
}
