import { memo, type ReactNode } from "react";
import type { Counts, TaskMessage, TaskStatus } from "../api/types";
import { count, duration, moment } from "../format";
import { useTasks } from "../live/use-tasks";
import { go, useAddress } from "../view";
import { inputOf } from "./answer";
import { LoadMore } from "./load-more";
import { isPicture, Result, textOf } from "./result";
import "./task-list.css";

const FILTERS: { status?: TaskStatus; title: string }[] = [
  { title: "All" },
  { status: "pending", title: "Waiting" },
  { status: "running", title: "At work" },
  { status: "completed", title: "Done" },
  { status: "failed", title: "Failed" },
  { status: "skipped", title: "Skipped" },
];
const STATUSES = new Set<string>(FILTERS.map(({ status }) => status ?? ""));

/** What every view of a job gets; `children` stand beside its filters. */
export interface ViewProps {
  job: string;
  counts: Counts;
  children?: ReactNode;
}

/** A job's tasks, page by page, of one status or all. */
export function TaskList({ job, counts, children }: ViewProps) {
  const address = useAddress();
  const wanted = address.get("status") ?? "";
  const status = wanted && STATUSES.has(wanted) ? (wanted as TaskStatus) : undefined;
  const [{ tasks, state, more }, load] = useTasks(job, status);
  const known: Partial<Record<string, number>> = { "": counts.total, ...counts };
  const choose = (next = "") => go({ ...Object.fromEntries(address), status: next }, true);

  return (
    <section aria-label="Tasks">
      <div className="toolbar">
        <fieldset className="filters">
          <legend className="visually-hidden">Show</legend>
          {FILTERS.map((one) => (
            <button
              key={one.title}
              type="button"
              aria-pressed={one.status === status}
              onClick={() => choose(one.status)}
            >
              {one.title} <span>{tally(known[one.status ?? ""])}</span>
            </button>
          ))}
        </fieldset>
        {children}
      </div>
      {state === "failed" && <p className="none">The tasks could not be read. Asking again.</p>}
      {tasks.length === 0 && state !== "failed" && (
        <p className="none">
          {state === "loading" || more ? "Asking." : status ? "None." : "There are no tasks."}
        </p>
      )}
      <ul className="tasks">
        {tasks.map((task) => (
          <TaskRow key={task.id} task={task} />
        ))}
      </ul>
      <LoadMore more={more} load={load} what="more tasks" />
    </section>
  );
}

const TaskRow = memo(function TaskRow({ task }: { task: TaskMessage }) {
  const { status, result, error } = task;
  return (
    <li className="task" data-testid="task" data-status={status}>
      <details>
        <summary>
          <span className="index">{task.id.slice(task.id.lastIndexOf(".") + 1)}</span>
          <span className="which">{task.op}</span>
          <span className="input">{inputOf(task)}</span>
          <span className="outcome">
            {error ? error.message : status === "completed" ? summaryOf(result) : ""}
          </span>
          <span className="took">{task.duration_ms == null ? "" : duration(task.duration_ms)}</span>
          <span className="status">{status}</span>
        </summary>
        <div className="more">
          {status === "completed" && <Result value={result} of={task.op ?? "task"} />}
          <dl className="record">
            <Fact name="input">{textOf(task.input)}</Fact>
            {Object.keys(task.params ?? {}).length > 0 && <Fact name="params">{textOf(task.params)}</Fact>}
            {task.group && <Fact name="group">{task.group}</Fact>}
            {error && <Fact name="code">{error.code}</Fact>}
            {(task.attempts ?? 0) > 1 && <Fact name="attempts">{String(task.attempts)}</Fact>}
            {task.finished_at && <Fact name="finished">{moment(Date.parse(task.finished_at))}</Fact>}
            <Fact name="id">{task.id}</Fact>
          </dl>
        </div>
      </details>
    </li>
  );
});

function Fact({ name, children }: { name: string; children: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** What is not ended is not told apart in a job's counts. */
function tally(known?: number): string {
  return known === undefined ? "" : count(known);
}

function summaryOf(result: unknown): string {
  return isPicture(result) ? `${result.width} × ${result.height} ${result.format}` : textOf(result, 200);
}
