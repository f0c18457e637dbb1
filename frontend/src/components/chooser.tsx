import type { OpCard } from "../api/types";
import "./chooser.css";

interface Props {
  cards: readonly OpCard[];
  chosen: string;
  onChoose: (name: string) => void;
}

/** The deployed ops by the type of their input: those on files first, the others in the order of their titles. */
export function groupsOf(cards: readonly OpCard[]): [title: string, cards: OpCard[]][] {
  const groups = new Map<string, OpCard[]>();
  for (const card of cards) {
    const title = card.input.title ?? card.takes;
    groups.set(title, [...(groups.get(title) ?? []), card]);
  }
  const isFile = (group: OpCard[]) => group.some((card) => card.carrier === "file");
  return [...groups].sort(
    ([a, one], [b, other]) => Number(isFile(other)) - Number(isFile(one)) || a.localeCompare(b),
  );
}

/** Which op: buttons where there is room, of which the arrow keys go through all; a menu where there is not. */
export function Chooser({ cards, chosen, onChoose }: Props) {
  const groups = groupsOf(cards);
  return (
    <>
      <div className="chooser" role="radiogroup" aria-label="Op">
        {groups.map(([title, group]) => (
          <section key={title}>
            <h2>{title}</h2>
            <div>
              {group.map(({ name, summary }) => (
                <label key={name} title={summary}>
                  <input
                    type="radio"
                    name="op"
                    value={name}
                    checked={name === chosen}
                    onChange={() => onChoose(name)}
                  />
                  {name}
                </label>
              ))}
            </div>
          </section>
        ))}
      </div>
      <label className="chooser-menu">
        Op
        <select value={chosen} onChange={(event) => onChoose(event.target.value)}>
          {groups.map(([title, group]) => (
            <optgroup key={title} label={title}>
              {group.map(({ name }) => (
                <option key={name}>{name}</option>
              ))}
            </optgroup>
          ))}
        </select>
      </label>
    </>
  );
}
