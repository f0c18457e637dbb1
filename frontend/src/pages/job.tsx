import { type ComponentType, useEffect, useState } from "react";
import type { ApiError } from "../api/client";
import { useApp, useAppState } from "../app-context";
import { JobHeader } from "../components/job-header";
import { Link } from "../components/link";
import { ViewerNotice } from "../components/notice";
import { PageList } from "../components/page-list";
import { Progress } from "../components/progress";
import { StoreGrid } from "../components/store-grid";
import { TaskList, type ViewProps } from "../components/task-list";
import { useQuery } from "../router";
import { countsOf } from "../store/records";
import "./job.css";

/** The view of a kind of job, beside the list of tasks that every job has. */
const VIEWS: Record<string, { title: string; View: ComponentType<ViewProps> }> = {
  crawl: { title: "Pages", View: PageList },
  batch: { title: "Stores", View: StoreGrid },
};

/** One job of any kind, live. */
export function JobPage() {
  const id = useQuery().get("id") ?? "";
  // Only a possible id is requested: API Gateway would take another text for a different route and answer 403.
  return /^\w+$/.test(id) ? <JobDetails key={id} id={id} /> : <JobNotFound id={id} />;
}

function JobDetails({ id }: { id: string }) {
  const { config } = useApp();
  const query = useQuery();
  const error = useLoadedJob(id);
  const entry = useAppState().entries.get(id);
  const counts = entry && countsOf(entry, config.limits.kept_variants);
  if (!entry?.job || !counts) return <JobNotLoaded id={id} error={error} />;
  const { job } = entry;
  const special = VIEWS[job.kind];
  const showTasks = !special || query.get("show") === "tasks";
  const View = showTasks ? TaskList : special.View;
  return (
    <>
      <ViewerNotice />
      <JobHeader job={job} counts={counts} />
      <Progress job={job} counts={counts} />
      <View jobId={id} counts={counts}>
        {special && (
          <nav className="tabs" aria-label="View">
            <Link to={{ view: "job", id }} aria-current={showTasks ? undefined : "page"}>
              {special.title}
            </Link>
            <Link to={{ view: "job", id, show: "tasks" }} aria-current={showTasks ? "page" : undefined}>
              Tasks
            </Link>
          </nav>
        )}
      </View>
    </>
  );
}

/** Reads the job, which in this response has all its errors, and again after a reconnect. Returns why that failed. */
function useLoadedJob(id: string): ApiError | undefined {
  const { sync } = useApp();
  const { connection } = useAppState();
  const [error, setError] = useState<ApiError>();
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new connection is a reason to read the job again
  useEffect(() => {
    sync.refresh(id).then(() => setError(undefined), setError);
  }, [sync, id, connection === "live"]);
  return error;
}

function JobNotLoaded({ id, error }: { id: string; error?: ApiError }) {
  if (!error) return <p className="empty-message">Loading this job.</p>;
  if (error.status === 404) return <JobNotFound id={id} />;
  return (
    <p className="empty-message" role="alert">
      {error.message} The page tries again when the connection is back.
    </p>
  );
}

function JobNotFound({ id }: { id: string }) {
  return (
    <div className="empty-message" role="alert">
      <p>There is no job ‘{id}’. It never existed, or its record has expired.</p>
      <Link to={{ view: "jobs" }}>All jobs</Link>
    </div>
  );
}
