import type { Filter } from "../store/pictures";
import "./filters.css";

interface Props {
  counts: Record<Filter, number>;
  filter: Filter;
  onFilter: (filter: Filter) => void;
}

const WORDS: Record<Filter, string> = { all: "All", active: "In progress", failed: "Failed" };

export function Filters({ counts, filter, onFilter }: Props) {
  return (
    <fieldset className="filters">
      <legend className="visually-hidden">Show</legend>
      {(Object.keys(WORDS) as Filter[]).map((name) => (
        <button key={name} type="button" aria-pressed={filter === name} onClick={() => onFilter(name)}>
          {WORDS[name]} <span>{counts[name]}</span>
        </button>
      ))}
    </fieldset>
  );
}
