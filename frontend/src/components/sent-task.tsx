import type { TaskMessage } from "../api/types";
import { duration } from "../format";
import { useTasks } from "../live/use-tasks";
import { Link } from "./link";
import { Result, textOf } from "./result";
import "./sent-task.css";

const WAITING_TEXT = { pending: "In the queue", running: "Running" };

/** A task that was sent from this page, with its result or error when it has ended. */
export function SentTask({ jobId }: { jobId: string }) {
  const [{ tasks, state }] = useTasks(jobId);
  const task = tasks[0];
  const status = task?.status ?? "pending";
  return (
    <li className="sent-task" data-testid="sent-task" data-job={jobId} data-status={status}>
      <p className="about">
        <b>{task?.op ?? "Task"}</b>
        <span className="input">{task && inputOf(task)}</span>
        <Link to={{ view: "job", id: jobId }} aria-label={`Details of ${task?.op ?? "this task"}`}>
          {task?.duration_ms == null ? "Details" : duration(task.duration_ms)}
        </Link>
      </p>
      {task?.status === "completed" && <Result value={task.result} of={task.op ?? "task"} />}
      {task?.error && <p className="error-text">{task.error.message}</p>}
      {(status === "pending" || status === "running") && (
        <p className="waiting">
          {state === "failed" ? "The task could not be loaded. Trying again." : WAITING_TEXT[status]}
        </p>
      )}
    </li>
  );
}

/** A task's input as text. The key of a picture that was sent inside a request is a generated id, so it is not shown. */
export function inputOf(task: TaskMessage): string {
  return typeof task.input === "string" && task.input.startsWith("inputs/")
    ? "a file"
    : textOf(task.input ?? "", 120);
}
