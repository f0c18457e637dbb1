import type { Task } from "../api/contract";
import { useApp } from "../app-context";
import { duration } from "../format";
import { useTasks } from "../live/use-tasks";
import { Link } from "./link";
import { Result, textOf } from "./result";
import "./sent-task.css";

const WAITING_TEXT = { pending: "In the queue", running: "Running" };

/** A task that was sent from this page, with its result or error when it has ended. */
export function SentTask({ jobId }: { jobId: string }) {
  const { inputs_prefix } = useApp().config.limits;
  const [{ tasks, state }] = useTasks(jobId);
  const task = tasks[0];
  const status = task?.status ?? "pending";
  return (
    <li className="sent-task" data-testid="sent-task" data-job={jobId} data-status={status}>
      <p className="about">
        <b>{task?.op ?? "Task"}</b>
        <span className="input">{task && inputText(task, inputs_prefix)}</span>
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

/** A task's input as text. A picture that was sent inside a request has a generated key, which is not shown. */
export function inputText({ input }: Task, inputsPrefix: string): string {
  const inline = typeof input === "string" && input.startsWith(inputsPrefix);
  return inline ? "a file" : textOf(input ?? "", 120);
}
