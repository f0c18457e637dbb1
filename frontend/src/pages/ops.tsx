import { useEffect } from "react";
import type { Op, Stats } from "../api/contract";
import { useApp, useAppState } from "../app-context";
import { ViewerNotice } from "../components/notice";
import { groupsOf } from "../components/op-picker";
import { OpRow } from "../components/op-row";
import { count, duration, formatTime } from "../format";
import { useOps } from "../live/use-ops";
import "./ops.css";
import { OpsNotLoaded } from "./send";

/** Every deployed op with its statistics and its concurrency, which an operator may change. */
export function OpsPage() {
  const { sync } = useApp();
  const { stats, events } = useAppState();
  const { ops, error, reload } = useOps();
  useEffect(() => {
    sync.subscribeToStats(true);
    return () => sync.subscribeToStats(false);
  }, [sync]);
  return (
    <>
      <h1 className="title">Ops</h1>
      <ViewerNotice />
      {stats && <Totals stats={stats} />}
      {!ops && <OpsNotLoaded error={error} onRetry={reload} />}
      {ops?.length === 0 && <p className="empty-message">No ops are deployed yet.</p>}
      {ops &&
        groupsOf(ops).map(([title, group]) => (
          <Group key={title} title={title} ops={group} stats={stats} onChange={reload} />
        ))}
      {events.length > 0 && (
        <section className="log" aria-labelledby="log">
          <h2 id="log">Events</h2>
          <ol>
            {events.map(({ id, at, message }) => (
              <li key={id}>
                <time dateTime={at}>{formatTime(Date.parse(at))}</time> {message}
              </li>
            ))}
          </ol>
        </section>
      )}
    </>
  );
}

interface GroupProps {
  title: string;
  ops: Op[];
  stats?: Stats;
  onChange: () => void;
}

function Group({ title, ops, stats, onChange }: GroupProps) {
  return (
    <section className="ops-group">
      <h2>{title}</h2>
      <ul className="ops">
        {ops.map((op) => (
          <OpRow key={op.name} op={op} stats={stats?.ops[op.name]} onChange={onChange} />
        ))}
      </ul>
    </section>
  );
}

function Totals({ stats: { totals } }: { stats: Stats }) {
  const values: [string, string][] = [
    ["waiting", count(totals.pending)],
    ["running", count(totals.running)],
    ["done", count(totals.completed)],
    ["failed", count(totals.failed)],
    ["per minute", count(Math.round(totals.throughput_per_minute))],
    ["median", totals.p50_ms == null ? "–" : duration(totals.p50_ms)],
    ["workers", count(totals.active_workers)],
  ];
  return (
    <dl className="totals" data-testid="totals">
      {values.map(([name, value]) => (
        <div key={name}>
          <dd>{value}</dd>
          <dt>{name}</dt>
        </div>
      ))}
    </dl>
  );
}
