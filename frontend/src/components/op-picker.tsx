import type { Op } from "../api/contract";
import "./op-picker.css";

interface Props {
  ops: readonly Op[];
  selected: string;
  onSelect: (name: string) => void;
}

const GROUP_TITLES: Record<string, string> = {
  picture: "On a picture",
  text: "On a text",
  numbers: "On numbers",
  url: "On a URL",
  json: "On a value",
};

/** Groups ops by the type of their input, in a fixed order; a type without a title here comes last under its own name. */
export function groupsOf(ops: readonly Op[]): [title: string, ops: Op[]][] {
  const types = [...new Set([...Object.keys(GROUP_TITLES), ...ops.map((op) => op.takes)])];
  return types
    .map((type): [string, Op[]] => [GROUP_TITLES[type] ?? type, ops.filter((op) => op.takes === type)])
    .filter(([, group]) => group.length > 0);
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
