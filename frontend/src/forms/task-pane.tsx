import type { Op } from "../api/contract";
import { useAppState } from "../app-context";
import { groupsOf, OpPicker } from "../components/op-picker";
import { SentTask } from "../components/sent-task";
import { navigate, useQuery } from "../router";
import { TaskForm } from "./task-form";

const MAX_SHOWN = 8;

/** Sends one task: the op, its form, and the results of the tasks that were sent before. */
export function TaskPane({ ops }: { ops: readonly Op[] }) {
  const { sent } = useAppState();
  const wanted = useQuery().get("op");
  const first = groupsOf(ops)[0]?.[1][0];
  const op = ops.find((one) => one.name === wanted) ?? first;
  if (!op) return <p className="empty-message">No ops are deployed yet.</p>;
  return (
    <div className="sending">
      <OpPicker
        ops={ops}
        selected={op.name}
        onSelect={(name) => navigate({ view: "send", op: name }, true)}
      />
      <div className="right">
        <section className="panel">
          <p className="summary">{op.summary}</p>
          <TaskForm key={op.name} op={op} />
        </section>
        {sent.length > 0 && (
          <section aria-labelledby="sent-tasks">
            <h2 className="sent-tasks-title" id="sent-tasks">
              Results
            </h2>
            <ul className="sent-tasks" aria-live="polite">
              {sent.slice(0, MAX_SHOWN).map((jobId) => (
                <SentTask key={jobId} jobId={jobId} />
              ))}
            </ul>
          </section>
        )}
      </div>
    </div>
  );
}
