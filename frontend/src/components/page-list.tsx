import { memo, useMemo, useState } from "react";
import type { TaskMessage } from "../api/types";
import { bytes, count, duration } from "../format";
import { useTasks } from "../live/use-tasks";
import { LoadMore } from "./load-more";
import "./page-list.css";
import type { ViewProps } from "./task-list";
import { useFirst } from "./use-first";

const STEP = 100;
const FILTERS = { all: "All", fine: "Fine", faulty: "Problems" };
type Filter = keyof typeof FILTERS;

interface Page {
  status: number;
  title: string | null;
  bytes: number;
  took_ms: number;
  error?: string;
}

/** A crawl's pages in the order in which they came, the newest first. */
export function PageList({ job, counts, children }: ViewProps) {
  const [{ tasks, state }] = useTasks(job, undefined, true);
  const [filter, setFilter] = useState<Filter>("all");
  const ended = useMemo(() => inOrder(tasks), [tasks]);
  const underway = tasks.filter((task) => task.status === "running");
  const fine = useMemo(() => ended.filter(isFine), [ended]);
  const faulty = useMemo(() => ended.filter((task) => !isFine(task) && task.status !== "skipped"), [ended]);
  const lists = { all: ended, fine, faulty };
  const [shown, more, load] = useFirst(lists[filter], STEP);
  const waiting = counts.total - ended.length - underway.length;

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
        <p className="in-flight" data-testid="in-flight">
          {underway.length > 0 && `${count(underway.length)} in flight`}
        </p>
        {children}
      </div>
      {state === "failed" && <p className="none">The pages could not be read. Asking again.</p>}
      {shown.length === 0 && underway.length === 0 && state === "ready" && (
        <p className="none">
          {filter !== "all" ? "None." : waiting > 0 ? "The first page is on its way." : "There are no pages."}
        </p>
      )}
      <ul className="pages" data-testid="pages">
        {filter === "all" && underway.map((task) => <PageRow key={task.id} task={task} />)}
        {shown.map((task) => (
          <PageRow key={task.id} task={task} />
        ))}
      </ul>
      <LoadMore more={more} load={load} what="more pages" />
    </section>
  );
}

const PageRow = memo(function PageRow({ task }: { task: TaskMessage }) {
  const page = pageOf(task);
  const url = String(task.input);
  return (
    <li className="page" data-testid="page" data-status={task.status} data-fine={isFine(task) || undefined}>
      <span className="code">{page ? page.status || "—" : ""}</span>
      <span className="took">{page && duration(page.took_ms)}</span>
      <span className="size">{page && page.bytes > 0 && bytes(page.bytes)}</span>
      <span className="about">
        <b>{page?.title || REASONS[page?.error ?? ""] || page?.error || WORDS[task.status]}</b>
        <a href={url} target="_blank" rel="noreferrer">
          {url}
        </a>
        {task.status === "failed" && <span className="sentence">{task.error?.message}</span>}
      </span>
    </li>
  );
});

const WORDS: Record<string, string> = {
  pending: "Waiting",
  running: "In flight",
  completed: "No title",
  failed: "Given up",
  skipped: "Skipped",
};

/** Why a page could not be had, for people; a reason that is new here is shown as it comes. */
const REASONS: Record<string, string> = {
  bad_answer: "The answer was broken",
  circuit_open: "The host kept failing and is left alone for a while",
  dead_host: "The host does not answer",
  forbidden_address: "The address may not be fetched from here",
  invalid_url: "This is no web address",
  redirect_loop: "It redirects in circles",
  timed_out: "It took too long",
  tls_failed: "Its certificate is not trusted",
  too_large: "It sends too much",
};

function pageOf(task: TaskMessage): Page | undefined {
  return task.status === "completed" ? (task.result as Page) : undefined;
}

function isFine(task: TaskMessage): boolean {
  const status = pageOf(task)?.status ?? 0;
  return status >= 200 && status < 400;
}

function inOrder(tasks: readonly TaskMessage[]): TaskMessage[] {
  const when = (task: TaskMessage) => task.finished_at ?? "";
  return tasks
    .filter(({ status }) => status !== "pending" && status !== "running")
    .sort(
      (a, b) =>
        (a.status === "skipped" ? 1 : 0) - (b.status === "skipped" ? 1 : 0) || (when(a) < when(b) ? 1 : -1),
    );
}
