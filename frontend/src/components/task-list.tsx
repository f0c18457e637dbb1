import { memo, type ReactNode } from "react";
import type { Counts, Task, TaskStatus } from "../api/contract";
import { useApp } from "../app-context";
import { count, duration, formatTime } from "../format";
import { useTasks } from "../live/use-tasks";
import { navigate, useQuery } from "../router";
import { LoadMore } from "./load-more";
import { isPicture, Result, textOf } from "./result";
import { inputText } from "./sent-task";
import "./task-list.css";

const FILTERS: { status?: TaskStatus; title: string }[] = [
  { title: "All" },
  { status: "pending", title: "Waiting" },
  { status: "running", title: "Running" },
  { status: "completed", title: "Done" },
  { status: "failed", title: "Failed" },
  { status: "skipped", title: "Skipped" },
];
const STATUSES = new Set<string>(FILTERS.map(({ status }) => status ?? ""));

/** The properties of every view of a job; `children` are shown beside its filters. */
export interface ViewProps {
  jobId: string;
  counts: Counts;
  children?: ReactNode;
}

/** A job's tasks, one page at a time, of one status or of all. */
export function TaskList({ jobId, counts, children }: ViewProps) {
  const query = useQuery();
  const wanted = query.get("status") ?? "";
  const status = wanted && STATUSES.has(wanted) ? (wanted as TaskStatus) : undefined;
  const [{ tasks, state, more }, load] = useTasks(jobId, status);
  // A job's counts do not separate pending from running tasks, so these two filters show no number.
  const numbers: Partial<Record<string, number>> = { "": counts.total, ...counts };
  const select = (next = "") => navigate({ ...Object.fromEntries(query), status: next }, true);

  return (
    <section aria-label="Tasks">
      <div className="toolbar">
        <fieldset className="filters">
          <legend className="visually-hidden">Show</legend>
          {FILTERS.map((filter) => {
            const number = numbers[filter.status ?? ""];
            return (
              <button
                key={filter.title}
                type="button"
                aria-pressed={filter.status === status}
                onClick={() => select(filter.status)}
              >
                {filter.title} <span>{number !== undefined && count(number)}</span>
              </button>
            );
          })}
        </fieldset>
        {children}
      </div>
      {state === "failed" && <p className="empty-message">The tasks could not be loaded. Trying again.</p>}
      {tasks.length === 0 && state !== "failed" && (
        <p className="empty-message">
          {state === "loading" || more ? "Loading." : status ? "None." : "There are no tasks."}
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

const TaskRow = memo(function TaskRow({ task }: { task: Task }) {
  const { inputs_prefix } = useApp().config.limits;
  const { status, result, error, retrying } = task;
  return (
    <li className="task" data-testid="task" data-status={status}>
      <details>
        <summary>
          <span className="index">{task.id.slice(task.id.lastIndexOf(".") + 1)}</span>
          <span className="op-name">{task.op}</span>
          <span className="input">{inputText(task, inputs_prefix)}</span>
          <span className="outcome">
            {error ? error.message : status === "completed" ? summaryOf(result) : (retrying ?? "")}
          </span>
          <span className="duration">{task.duration_ms == null ? "" : duration(task.duration_ms)}</span>
          <span className="status">{retrying ? "retrying" : status}</span>
        </summary>
        <div className="more">
          {status === "completed" && <Result value={result} of={task.op ?? "task"} />}
          <dl className="record">
            <Detail name="input">{textOf(task.input)}</Detail>
            {Object.keys(task.params ?? {}).length > 0 && (
              <Detail name="params">{textOf(task.params)}</Detail>
            )}
            {task.group && <Detail name="group">{task.group}</Detail>}
            {error && <Detail name="code">{error.code}</Detail>}
            {(task.attempts ?? 0) > 1 && <Detail name="attempts">{String(task.attempts)}</Detail>}
            {task.finished_at && <Detail name="finished">{formatTime(Date.parse(task.finished_at))}</Detail>}
            <Detail name="id">{task.id}</Detail>
          </dl>
        </div>
      </details>
    </li>
  );
});

function Detail({ name, children }: { name: string; children: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function summaryOf(result: unknown): string {
  return isPicture(result) ? `${result.width} × ${result.height} ${result.format}` : textOf(result, 200);
}
