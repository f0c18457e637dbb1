import { memo } from "react";
import type { Op, StatsOfOp } from "../api/contract";
import { count, duration, formatTime, plural } from "../format";
import { boundsOf, fieldsOf } from "../forms/schema";
import { Concurrency } from "./concurrency";
import { Link } from "./link";
import "./op-row.css";

interface Props {
  op: Op;
  stats?: StatsOfOp;
  onChange: () => void;
}

/** One op: its state and settings, and its statistics while they arrive. */
export const OpRow = memo(function OpRow({ op, stats, onChange }: Props) {
  const { name, summary, compute } = op;
  const state = stats?.state ?? op.state;
  const lastSuccess = stats?.last_success_at ?? op.last_success_at;
  return (
    <li className="op" data-testid="op" data-op={name} data-state={state}>
      <div className="op-name">
        <h3>{name}</h3>
        <p>{summary}</p>
      </div>
      <p className="state">
        {state}
        {lastSuccess && (
          <span>
            last success <time dateTime={lastSuccess}>{formatTime(Date.parse(lastSuccess))}</time>
          </span>
        )}
      </p>
      <Concurrency
        op={name}
        current={stats?.concurrency ?? op.concurrency}
        declared={compute.concurrency}
        onChange={onChange}
      />
      {stats && wasUsed(stats) && <OpStatistics stats={stats} />}
      <details>
        <summary>Details</summary>
        <div className="details">
          <Parameters op={op} />
          {stats && stats.workers.length > 0 && <Workers workers={stats.workers} />}
          <p className="compute">
            {count(compute.memory_mb)} MB, at most {compute.timeout_seconds} s, up to{" "}
            {plural(compute.batch, "message")} per run
            {compute.ordered && ", in order"}
            {compute.serves && `, for each ${compute.serves}`}
          </p>
          <Link className="button quiet" to={{ view: "send", op: name }}>
            Send a task
          </Link>
        </div>
      </details>
    </li>
  );
});

/** True when the op was given at least one task. */
function wasUsed({ pending, running, completed, failed, skipped }: StatsOfOp): boolean {
  return pending + running + completed + failed + skipped > 0;
}

function OpStatistics({ stats }: { stats: StatsOfOp }) {
  const ms = (value: number | null) => (value === null ? "–" : duration(value));
  const values: [string, string][] = [
    ["waiting", count(stats.pending)],
    ["running", count(stats.running)],
    ["done", count(stats.completed)],
    ["failed", count(stats.failed)],
    ["median", ms(stats.p50_ms)],
    ["p95", ms(stats.p95_ms)],
    ["per minute", count(Math.round(stats.throughput_per_minute))],
    [stats.active_workers === 1 ? "worker" : "workers", count(stats.active_workers)],
  ];
  return (
    <dl className="statistics">
      {values.map(([name, value]) => (
        <div key={name} data-zero={value === "0" || value === "–" || undefined}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function Parameters({ op }: { op: Op }) {
  const fields = fieldsOf(op.params);
  if (fields.length === 0) return null;
  return (
    <table>
      <caption className="visually-hidden">Parameters of {op.name}</caption>
      <tbody>
        {fields.map((field) => (
          <tr key={field.name}>
            <th scope="row">{field.name}</th>
            <td>
              {field.required
                ? "required"
                : field.defaultValue == null
                  ? "optional"
                  : `${String(field.defaultValue)} by default`}
            </td>
            <td>{[field.schema.enum?.join(", "), boundsOf(field)].filter(Boolean).join(", ")}</td>
            <td>{field.help}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Workers({ workers }: { workers: StatsOfOp["workers"] }) {
  return (
    <table>
      <caption className="visually-hidden">Active workers and their tasks of the last hour</caption>
      <tbody>
        {workers.map(({ id, tasks, average_ms }) => (
          <tr key={id}>
            <th scope="row">{id}</th>
            <td>{count(tasks)} tasks</td>
            <td>{average_ms === null ? "" : `${duration(average_ms)} on average`}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
