import type { Op } from "../api/contract";
import "./op-picker.css";

interface Props {
  ops: readonly Op[];
  selected: string;
  onSelect: (name: string) => void;
}

/** Groups ops by the type of their input: those on files first, the others in the order of the types' titles. */
export function groupsOf(ops: readonly Op[]): [title: string, ops: Op[]][] {
  const groups = new Map<string, Op[]>();
  for (const op of ops) {
    const title = op.input.title;
    groups.set(title, [...(groups.get(title) ?? []), op]);
  }
  const takesFiles = (group: Op[]) => group.some((op) => op.carrier === "file");
  return [...groups].sort(
    ([a, one], [b, other]) => Number(takesFiles(other)) - Number(takesFiles(one)) || a.localeCompare(b),
  );
}

/** Selects an op: radio buttons on a wide screen, which the arrow keys go through; a menu on a narrow one. */
export function OpPicker({ ops, selected, onSelect }: Props) {
  const groups = groupsOf(ops);
  return (
    <>
      <div className="op-picker" role="radiogroup" aria-label="Op">
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
                    checked={name === selected}
                    onChange={() => onSelect(name)}
                  />
                  {name}
                </label>
              ))}
            </div>
          </section>
        ))}
      </div>
      <label className="op-picker-menu">
        Op
        <select value={selected} onChange={(event) => onSelect(event.target.value)}>
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
