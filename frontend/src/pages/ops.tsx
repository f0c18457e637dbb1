import { useEffect } from "react";
import type { OpCard, Stats } from "../api/types";
import { useParts, useUmbel } from "../app-context";
import { groupsOf } from "../components/chooser";
import { ViewerNotice } from "../components/notice";
import { OpRow } from "../components/op-row";
import { count, duration, moment } from "../format";
import { useOps } from "../live/use-ops";
import "./ops.css";
import { NotYet } from "./send";

/** What is deployed, how it does, and the one number that tunes it. */
export function OpsPage() {
  const { session } = useParts();
  const { stats, events } = useUmbel();
  const { cards, fault, reload } = useOps();
  useEffect(() => {
    session.listenToStats(true);
    return () => session.listenToStats(false);
  }, [session]);
  return (
    <>
      <h1 className="title">Ops</h1>
      <ViewerNotice />
      {stats && <Totals stats={stats} />}
      {!cards && <NotYet fault={fault} onRetry={reload} />}
      {cards?.length === 0 && <p className="none">No op is deployed here.</p>}
      {cards &&
        groupsOf(cards).map(([title, group]) => (
          <Group key={title} title={title} cards={group} stats={stats} onChange={reload} />
        ))}
      {events.length > 0 && (
        <section className="log" aria-labelledby="log">
          <h2 id="log">What happened</h2>
          <ol>
            {events.map(({ id, at, message }) => (
              <li key={id}>
                <time dateTime={at}>{moment(Date.parse(at))}</time> {message}
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
  cards: OpCard[];
  stats?: Stats;
  onChange: () => void;
}

function Group({ title, cards, stats, onChange }: GroupProps) {
  return (
    <section className="ops-group">
      <h2>{title}</h2>
      <ul className="ops">
        {cards.map((card) => (
          <OpRow key={card.name} card={card} numbers={stats?.ops[card.name]} onChange={onChange} />
        ))}
      </ul>
    </section>
  );
}

function Totals({ stats: { totals } }: { stats: Stats }) {
  const facts: [string, string][] = [
    ["waiting", count(totals.pending)],
    ["at work", count(totals.running)],
    ["done", count(totals.completed)],
    ["failed", count(totals.failed)],
    ["a minute", count(Math.round(totals.throughput_per_minute))],
    ["median", totals.p50_ms == null ? "–" : duration(totals.p50_ms)],
    ["workers", count(totals.active_workers)],
  ];
  return (
    <dl className="totals" data-testid="totals">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dd>{value}</dd>
          <dt>{name}</dt>
        </div>
      ))}
    </dl>
  );
}
