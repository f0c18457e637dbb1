import type { OpCard } from "../api/types";
import { useUmbel } from "../app-context";
import { Answer } from "../components/answer";
import { Chooser, groupsOf } from "../components/chooser";
import { go, useAddress } from "../view";
import { TaskForm } from "./task-form";

const SHOWN = 8;

/** Choose an op, fill in what it takes, see the answer come. */
export function TaskPane({ cards }: { cards: readonly OpCard[] }) {
  const { sent } = useUmbel();
  const wanted = useAddress().get("op");
  const first = groupsOf(cards)[0]?.[1][0];
  const card = cards.find((one) => one.name === wanted) ?? first;
  if (!card) return <p className="none">No op is deployed here.</p>;
  return (
    <div className="sending">
      <Chooser cards={cards} chosen={card.name} onChoose={(op) => go({ view: "send", op }, true)} />
      <div className="right">
        <section className="sheet">
          <p className="lead">{card.summary}</p>
          <TaskForm key={card.name} card={card} />
        </section>
        {sent.length > 0 && (
          <section aria-labelledby="answers">
            <h2 className="answers-title" id="answers">
              Answers
            </h2>
            <ul className="answers" aria-live="polite">
              {sent.slice(0, SHOWN).map((job) => (
                <Answer key={job} job={job} />
              ))}
            </ul>
          </section>
        )}
      </div>
    </div>
  );
}
