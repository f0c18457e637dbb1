import { memo, useMemo, useState } from "react";
import type { Page, Task } from "../api/contract";
import { bytes, count, duration, plural } from "../format";
import { useTasks } from "../live/use-tasks";
import { LoadMore } from "./load-more";
import "./page-list.css";
import type { ViewProps } from "./task-list";
import { useIncrementalList } from "./use-incremental-list";

const ROWS_PER_STEP = 100;
const FILTERS = { all: "All", ok: "OK", failed: "Errors" };
type Filter = keyof typeof FILTERS;

/** A crawl's pages, the one that ended last first. */
export function PageList({ jobId, counts, children }: ViewProps) {
  const [{ tasks, state }] = useTasks(jobId, undefined, true);
  const [filter, setFilter] = useState<Filter>("all");
  const ended = useMemo(() => newestFirst(tasks), [tasks]);
  const running = tasks.filter((task) => task.status === "running");
  const ok = useMemo(() => ended.filter(isOk), [ended]);
  const failed = useMemo(() => ended.filter((task) => !isOk(task) && task.status !== "skipped"), [ended]);
  const lists = { all: ended, ok, failed };
  const [shown, more, load] = useIncrementalList(lists[filter], ROWS_PER_STEP);
  const waiting = counts.total - ended.length - running.length;

  return (
    <section aria-label="Pages">
      <div className="toolbar">
        <fieldset className="filters">
          <legend className="visually-hidden">Show</legend>
          {(Object.keys(FILTERS) as Filter[]).map((name) => (
            <button key={name} type="button" aria-pressed={filter === name} onClick={() => setFilter(name)}>
              {FILTERS[name]} <span>{count(lists[name].length)}</span>
            </button>
          ))}
        </fieldset>
        <p className="running-count" data-testid="running-count">
          {running.length > 0 && `Fetching ${plural(running.length, "page")}`}
        </p>
        {children}
      </div>
      {state === "failed" && <p className="empty-message">The pages could not be loaded. Trying again.</p>}
      {shown.length === 0 && running.length === 0 && state === "ready" && (
        <p className="empty-message">
          {filter !== "all" ? "None." : waiting > 0 ? "Waiting for the first page." : "There are no pages."}
        </p>
      )}
      <ul className="pages" data-testid="pages">
        {filter === "all" && running.map((task) => <PageRow key={task.id} task={task} />)}
        {shown.map((task) => (
          <PageRow key={task.id} task={task} />
        ))}
      </ul>
      <LoadMore more={more} load={load} what="more pages" />
    </section>
  );
}

const PageRow = memo(function PageRow({ task }: { task: Task }) {
  const page = pageOf(task);
  const url = String(task.input);
  return (
    <li className="page" data-testid="page" data-status={task.status} data-ok={isOk(task) || undefined}>
      <span className="code">{page ? page.status || "—" : ""}</span>
      <span className="duration">{page && duration(page.took_ms)}</span>
      <span className="size">{page && page.bytes > 0 && bytes(page.bytes)}</span>
      <span className="about">
        <b>{page?.title || ERROR_TEXT[page?.error ?? ""] || page?.error || STATUS_TEXT[task.status]}</b>
        <a href={url} target="_blank" rel="noreferrer">
          {url}
        </a>
        {task.status === "failed" && <span className="error-text">{task.error?.message}</span>}
      </span>
    </li>
  );
});

const STATUS_TEXT: Record<string, string> = {
  pending: "Waiting",
  running: "Fetching",
  completed: "No title",
  failed: "Failed",
  skipped: "Skipped",
};

/** The errors of a page as text. An error code that is missing here is shown as it is. */
const ERROR_TEXT: Record<string, string> = {
  bad_answer: "The response was invalid",
  host_busy: "The host asks to be called later",
  circuit_open: "The host failed repeatedly, so requests to it are paused",
  dead_host: "The host is unknown or refuses connections",
  forbidden_address: "The IP address is not allowed",
  invalid_url: "The URL is not valid",
  robots_disallowed: "The host's robots.txt does not allow it",
  redirect_loop: "The redirects form a loop",
  timed_out: "Timed out",
  tls_failed: "The certificate is not trusted",
  too_large: "The response is too large",
};

function pageOf(task: Task): Page | undefined {
  return task.status === "completed" ? (task.result as Page) : undefined;
}

function isOk(task: Task): boolean {
  const status = pageOf(task)?.status ?? 0;
  return status >= 200 && status < 400;
}

/** Tasks that have ended; skipped ones come last. */
function newestFirst(tasks: readonly Task[]): Task[] {
  const finishedAt = (task: Task) => task.finished_at ?? "";
  return tasks
    .filter(({ status }) => status !== "pending" && status !== "running")
    .sort(
      (a, b) =>
        (a.status === "skipped" ? 1 : 0) - (b.status === "skipped" ? 1 : 0) ||
        (finishedAt(a) < finishedAt(b) ? 1 : -1),
    );
}
