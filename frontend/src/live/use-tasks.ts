import { useEffect, useState, useSyncExternalStore } from "react";
import type { TaskStatus } from "../api/contract";
import { useApp } from "../app-context";
import type { JobTasks, TasksState } from "./job-tasks";

const LOADING: TasksState = { tasks: [], state: "loading", more: false };
const neverChanges = () => () => undefined;

/** Returns a job's tasks, live while the component is shown, and a function that loads the next page. */
export function useTasks(jobId: string, status?: TaskStatus, all = false): [TasksState, () => Promise<void>] {
  const { sync } = useApp();
  const [tasks, setTasks] = useState<JobTasks>();
  useEffect(() => {
    const opened = sync.tasksOf(jobId, { status, all });
    setTasks(opened);
    return () => {
      setTasks(undefined);
      sync.closeTasks(opened);
    };
  }, [sync, jobId, status, all]);
  const state = useSyncExternalStore(tasks?.subscribe ?? neverChanges, tasks?.read ?? (() => LOADING));
  return [state, tasks?.loadMore ?? (() => Promise.resolve())];
}
