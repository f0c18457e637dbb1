import { Link } from "../components/link";
import { ViewerNotice } from "../components/notice";
import { BatchForm } from "../forms/batch-form";
import { CrawlForm } from "../forms/crawl-form";
import { TaskPane } from "../forms/task-pane";
import { useOps } from "../live/use-ops";
import { useAddress } from "../view";
import "./send.css";

const KINDS = [
  { kind: "", title: "One task" },
  { kind: "crawl", title: "A crawl" },
  { kind: "batch", title: "A batch" },
];

/** A form for each kind of work, made from what is deployed. */
export function SendPage() {
  const kind = useAddress().get("kind") ?? "";
  const { cards, fault, reload } = useOps();
  const serving = cards?.find((card) => card.compute.serves === kind);
  return (
    <>
      <div className="heading">
        <h1 className="title">Send work</h1>
        <nav className="segments" aria-label="Kinds of work">
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
      {!cards && <NotYet fault={fault} onRetry={reload} />}
      {cards && kind === "" && <TaskPane cards={cards} />}
      {cards && kind !== "" && !serving && (
        <p className="none">No op that is deployed here serves a {kind}.</p>
      )}
      {serving && kind === "crawl" && <CrawlForm card={serving} />}
      {serving && kind === "batch" && <BatchForm card={serving} />}
    </>
  );
}

/** While it is not known what is deployed. */
export function NotYet({ fault, onRetry }: { fault?: string; onRetry: () => void }) {
  if (!fault) return <p className="none">Asking what is deployed here.</p>;
  return (
    <div className="none" role="alert">
      <p>What is deployed here could not be read. {fault}</p>
      <button type="button" className="button" onClick={onRetry}>
        Ask again
      </button>
    </div>
  );
}
