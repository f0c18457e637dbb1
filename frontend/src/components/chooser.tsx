import type { OpCard } from "../api/types";
import "./chooser.css";

interface Props {
  cards: readonly OpCard[];
  chosen: string;
  onChoose: (name: string) => void;
}

const TAKES: Record<string, string> = {
  picture: "On a picture",
  text: "On a text",
  numbers: "On numbers",
  url: "On an address",
  json: "On a value",
};

/** The deployed ops by what they take, in a fixed order; a type that is new here comes last under its own name. */
export function groupsOf(cards: readonly OpCard[]): [title: string, cards: OpCard[]][] {
  const types = [...new Set([...Object.keys(TAKES), ...cards.map((card) => card.takes)])];
  return types
    .map((type): [string, OpCard[]] => [TAKES[type] ?? type, cards.filter((card) => card.takes === type)])
    .filter(([, found]) => found.length > 0);
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
