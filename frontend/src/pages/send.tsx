import { Link } from "../components/link";
import { ViewerNotice } from "../components/notice";
import { BatchForm } from "../forms/batch-form";
import { CrawlForm } from "../forms/crawl-form";
import { TaskPane } from "../forms/task-pane";
import { useOps } from "../live/use-ops";
import { useQuery } from "../router";
import "./send.css";

const KINDS = [
  { kind: "", title: "One task" },
  { kind: "crawl", title: "A crawl" },
  { kind: "batch", title: "A batch" },
];

/** Forms that create a job: one task, a crawl or a batch. */
export function SendPage() {
  const kind = useQuery().get("kind") ?? "";
  const { ops, error, reload } = useOps();
  const serving = ops?.find((op) => op.compute.serves === kind);
  return (
    <>
      <div className="heading">
        <h1 className="title">Send work</h1>
        <nav className="tabs" aria-label="Kinds of work">
          {KINDS.map((one) => (
            <Link
              key={one.kind}
              to={{ view: "send", kind: one.kind }}
              aria-current={one.kind === kind ? "page" : undefined}
            >
              {one.title}
            </Link>
          ))}
        </nav>
      </div>
      <ViewerNotice />
      {!ops && <OpsNotLoaded error={error} onRetry={reload} />}
      {ops && kind === "" && <TaskPane ops={ops} />}
      {ops && kind !== "" && !serving && <p className="empty-message">No deployed op can run a {kind}.</p>}
      {serving && kind === "crawl" && <CrawlForm op={serving} />}
      {serving && kind === "batch" && <BatchForm op={serving} />}
    </>
  );
}

/** Shown until the list of ops is loaded, and when that failed. */
export function OpsNotLoaded({ error, onRetry }: { error?: string; onRetry: () => void }) {
  if (!error) return <p className="empty-message">Loading the ops.</p>;
  return (
    <div className="empty-message" role="alert">
      <p>The ops could not be loaded. {error}</p>
      <button type="button" className="button" onClick={onRetry}>
        Try again
      </button>
    </div>
  );
}
