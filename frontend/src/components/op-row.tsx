import { memo } from "react";
import type { OpCard, OpNumbers } from "../api/types";
import { count, duration, moment, plural } from "../format";
import { boundsOf, fieldsOf } from "../forms/schema";
import { Concurrency } from "./concurrency";
import { Link } from "./link";
import "./op-row.css";

interface Props {
  card: OpCard;
  numbers?: OpNumbers;
  onChange: () => void;
}

/** One op as it is deployed, and as it does while the numbers come. */
export const OpRow = memo(function OpRow({ card, numbers, onChange }: Props) {
  const { name, summary, compute } = card;
  const state = numbers?.state ?? card.state;
  const success = numbers?.last_success_at ?? card.last_success_at;
  return (
    <li className="op" data-testid="op" data-op={name} data-state={state}>
      <div className="who">
        <h3>{name}</h3>
        <p>{summary}</p>
      </div>
      <p className="state">
        {state}
        {success && (
          <span>
            last success <time dateTime={success}>{moment(Date.parse(success))}</time>
          </span>
        )}
      </p>
      <Concurrency
        op={name}
        now={numbers?.concurrency ?? card.concurrency}
        declared={compute.concurrency}
        onChange={onChange}
      />
      {numbers && hasWorked(numbers) && <Doing numbers={numbers} />}
      <details>
        <summary>Details</summary>
        <div className="details">
          <Parameters card={card} />
          {numbers && numbers.workers.length > 0 && <Workers workers={numbers.workers} />}
          <p className="compute">
            {count(compute.memory_mb)} MB, at most {compute.timeout_seconds} s, up to{" "}
            {plural(compute.batch, "message")} a run
            {compute.ordered && ", in order"}
            {compute.serves && `, for each ${compute.serves}`}
          </p>
          <Link className="button quiet" to={{ view: "send", op: name }}>
            Send it work
          </Link>
        </div>
      </details>
    </li>
  );
});

/** An op that nobody has used yet needs no row of noughts. */
function hasWorked({ pending, running, completed, failed, skipped }: OpNumbers): boolean {
  return pending + running + completed + failed + skipped > 0;
}

function Doing({ numbers }: { numbers: OpNumbers }) {
  const ms = (value: number | null) => (value === null ? "–" : duration(value));
  const facts: [string, string][] = [
    ["waiting", count(numbers.pending)],
    ["at work", count(numbers.running)],
    ["done", count(numbers.completed)],
    ["failed", count(numbers.failed)],
    ["median", ms(numbers.p50_ms)],
    ["p95", ms(numbers.p95_ms)],
    ["a minute", count(Math.round(numbers.throughput_per_minute))],
    [numbers.active_workers === 1 ? "worker" : "workers", count(numbers.active_workers)],
  ];
  return (
    <dl className="doing">
      {facts.map(([name, value]) => (
        <div key={name} data-zero={value === "0" || value === "–" || undefined}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function Parameters({ card }: { card: OpCard }) {
  const fields = fieldsOf(card.params);
  if (fields.length === 0) return null;
  return (
    <table>
      <caption className="visually-hidden">Parameters of {card.name}</caption>
      <tbody>
        {fields.map((field) => (
          <tr key={field.name}>
            <th scope="row">{field.name}</th>
            <td>
              {field.required
                ? "required"
                : field.preset == null
                  ? "optional"
                  : `${String(field.preset)} by default`}
            </td>
            <td>{[field.schema.enum?.join(", "), boundsOf(field)].filter(Boolean).join(", ")}</td>
            <td>{field.help}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Workers({ workers }: { workers: OpNumbers["workers"] }) {
  return (
    <table>
      <caption className="visually-hidden">
        Workers that are active, and what they did within the hour
      </caption>
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
