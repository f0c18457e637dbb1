import { type ComponentType, useEffect, useState } from "react";
import type { ApiError } from "../api/client";
import { useParts, useUmbel } from "../app-context";
import { JobHead } from "../components/job-head";
import { Link } from "../components/link";
import { ViewerNotice } from "../components/notice";
import { PageList } from "../components/page-list";
import { Progress } from "../components/progress";
import { StoreGrid } from "../components/store-grid";
import { TaskList, type ViewProps } from "../components/task-list";
import { countsOf } from "../store/records";
import { useAddress } from "../view";
import "./job.css";

/** What a kind of job is best seen as, beside the list of its tasks that every job has. */
const VIEWS: Record<string, { title: string; View: ComponentType<ViewProps> }> = {
  crawl: { title: "Pages", View: PageList },
  batch: { title: "Stores", View: StoreGrid },
};

/** One job of any kind, live. */
export function JobPage() {
  const id = useAddress().get("id") ?? "";
  // What cannot be an id is not asked for: to API Gateway it may be another address, which nobody may read.
  return /^\w+$/.test(id) ? <OneJob key={id} id={id} /> : <Gone id={id} />;
}

function OneJob({ id }: { id: string }) {
  const address = useAddress();
  const fault = useRecord(id);
  const entry = useUmbel().entries.get(id);
  const counts = entry && countsOf(entry);
  if (!entry?.job || !counts) return <Nothing id={id} fault={fault} />;
  const { job } = entry;
  const special = VIEWS[job.kind];
  const asTasks = !special || address.get("show") === "tasks";
  const View = asTasks ? TaskList : special.View;
  return (
    <>
      <ViewerNotice />
      <JobHead job={job} counts={counts} />
      <Progress job={job} counts={counts} />
      <View job={id} counts={counts}>
        {special && (
          <nav className="segments" aria-label="Shown as">
            <Link to={{ view: "job", id }} aria-current={asTasks ? undefined : "page"}>
              {special.title}
            </Link>
            <Link to={{ view: "job", id, show: "tasks" }} aria-current={asTasks ? "page" : undefined}>
              Tasks
            </Link>
          </nav>
        )}
      </View>
    </>
  );
}

/** Asks for the job itself, again when the connection is back: read alone, its record has every fault. */
function useRecord(id: string): ApiError | undefined {
  const { session } = useParts();
  const { connection } = useUmbel();
  const [fault, setFault] = useState<ApiError>();
  // biome-ignore lint/correctness/useExhaustiveDependencies: a connection that is back is a reason to ask again
  useEffect(() => {
    session.refresh(id).then(() => setFault(undefined), setFault);
  }, [session, id, connection === "live"]);
  return fault;
}

function Nothing({ id, fault }: { id: string; fault?: ApiError }) {
  if (!fault) return <p className="none">Asking for this job.</p>;
  if (fault.status === 404) return <Gone id={id} />;
  return (
    <p className="none" role="alert">
      {fault.message} Asking again when it can be.
    </p>
  );
}

function Gone({ id }: { id: string }) {
  return (
    <div className="none" role="alert">
      <p>There is no job ‘{id}’: it was never here, or its time is over.</p>
      <Link to={{ view: "jobs" }}>All jobs</Link>
    </div>
  );
}
