import type { TaskMessage } from "../api/types";
import { duration } from "../format";
import { useTasks } from "../live/use-tasks";
import "./answer.css";
import { Link } from "./link";
import { Result, textOf } from "./result";

/** What became of a task that was sent from here. */
export function Answer({ job }: { job: string }) {
  const [{ tasks, state }] = useTasks(job);
  const task = tasks[0];
  const status = task?.status ?? "pending";
  return (
    <li className="answer" data-testid="answer" data-job={job} data-status={status}>
      <p className="about">
        <b>{task?.op ?? "Task"}</b>
        <span className="input">{task && inputOf(task)}</span>
        <Link to={{ view: "job", id: job }} aria-label={`Details of ${task?.op ?? "this task"}`}>
          {task?.duration_ms == null ? "Details" : duration(task.duration_ms)}
        </Link>
      </p>
      {task?.status === "completed" && <Result value={task.result} of={task.op ?? "task"} />}
      {task?.error && <p className="sentence">{task.error.message}</p>}
      {(status === "pending" || status === "running") && (
        <p className="waiting">
          {state === "failed" ? "Its answer could not be read. Asking again." : WAITS[status]}
        </p>
      )}
    </li>
  );
}

const WAITS = { pending: "In the queue", running: "At work" };

/** A picture that rode along has a key that says nothing to anybody. */
export function inputOf(task: TaskMessage): string {
  return typeof task.input === "string" && task.input.startsWith("inputs/")
    ? "a file"
    : textOf(task.input ?? "", 120);
}
