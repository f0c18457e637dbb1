import { type KeyboardEvent, memo, type SyntheticEvent, useRef, useState } from "react";
import type { TaskMessage } from "../api/types";
import { count, duration, plural } from "../format";
import { useTasks } from "../live/use-tasks";
import { LoadMore } from "./load-more";
import { move, rowsOf, type Store } from "./stores";
import { useFirst } from "./use-first";
import "./store-grid.css";
import type { ViewProps } from "./task-list";

const STEP = 60;

/** A batch: a row for each store, in which its images open one after another. */
export function StoreGrid({ job, counts, children }: ViewProps) {
  const [{ tasks, state }] = useTasks(job, undefined, true);
  const before = useRef<Store[]>([]);
  before.current = rowsOf(tasks, before.current);
  const stores = before.current;
  const complete = tasks.length >= counts.total;
  const [shown, more, load] = useFirst(stores, STEP);
  const [place, setPlace] = useState<Place>();

  const look = (event: SyntheticEvent) => {
    const { store, at } = (event.target as HTMLElement).dataset;
    if (store !== undefined && at !== undefined) setPlace({ store, at: Number(at) });
  };
  const keys = (event: KeyboardEvent<HTMLElement>) => {
    if (move(event.target as HTMLElement, event.key)) event.preventDefault();
  };
  const store = place && stores.find(({ name }) => name === place.store);

  return (
    <section aria-label="Stores">
      <div className="toolbar">
        <p className="tally">{complete ? standing(stores) : `Reading ${plural(counts.total, "image")}.`}</p>
        {children}
      </div>
      {state === "failed" && <p className="none">The images could not be read. Asking again.</p>}
      {tasks.length === 0 && state === "ready" && (
        <p className="none">
          {counts.total === 0 ? "The stores are being planned." : "There are no images."}
        </p>
      )}
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the cells are the elements; their events are heard here */}
      <div className="stores-grid" onFocus={look} onMouseOver={look} onKeyDown={keys}>
        {shown.map((one) => (
          <StoreRow key={one.name} store={one} complete={complete} />
        ))}
      </div>
      <LoadMore more={more} load={load} what="more stores" />
      {tasks.length > 0 && <Readout store={store} at={place?.at ?? 0} />}
    </section>
  );
}

interface Place {
  store: string;
  at: number;
}

interface RowProps {
  store: Store;
  /** All images are known, so that this store's are. */
  complete: boolean;
}

const StoreRow = memo(function StoreRow({ store: { name, tasks }, complete }: RowProps) {
  const done = tasks.filter((task) => task.status === "completed").length;
  const failed = tasks.find((task) => task.status === "failed");
  return (
    <div className="store" data-testid="store" data-store-row={name} data-stopped={failed ? true : undefined}>
      <h2 title={name}>{name}</h2>
      <p className="tally">
        {count(done)}
        {complete && ` of ${count(tasks.length)}`}
      </p>
      <ul>
        {tasks.map((task, at) => (
          <Cell key={task.id} store={name} at={at} task={task} />
        ))}
      </ul>
      {failed?.error && (
        <p className="sentence">
          Stopped at image {tasks.indexOf(failed) + 1}: {failed.error.message}
        </p>
      )}
    </div>
  );
});

const Cell = memo(function Cell({ store, at, task }: { store: string; at: number; task: TaskMessage }) {
  return (
    <li>
      <button
        type="button"
        tabIndex={at === 0 ? 0 : -1}
        data-store={store}
        data-at={at}
        data-status={task.status}
        aria-label={`Image ${at + 1}: ${wordsOf(task)}`}
      />
    </li>
  );
});

/** How the stores stand, in a sentence. */
function standing(stores: readonly Store[]): string {
  const done = stores.filter(({ tasks }) => tasks.every((task) => task.status === "completed")).length;
  const stopped = stores.filter(({ tasks }) => tasks.some((task) => task.status === "failed")).length;
  return `${count(done)} of ${plural(stores.length, "store")} done${stopped > 0 ? `, ${count(stopped)} stopped` : ""}.`;
}

/** What is to be known of the image that one points at; its cell's own label says the same. */
function Readout({ store, at }: { store?: Store; at: number }) {
  const task = store?.tasks[at];
  return (
    <p className="readout" aria-hidden="true" data-testid="readout">
      {store && task ? (
        <>
          <b>
            {store.name}, image {at + 1} of {store.tasks.length}
          </b>
          <span>{wordsOf(task)}</span>
          <span className="url">{String(task.input)}</span>
        </>
      ) : (
        "Point at an image, or go to it by Tab and the arrow keys."
      )}
    </p>
  );
}

const WORDS = { pending: "waiting", running: "at work" };

function wordsOf({ status, result, error, duration_ms }: TaskMessage): string {
  if (status === "pending" || status === "running") return WORDS[status];
  if (status !== "completed") return `${status}, ${error?.message ?? "no reason was given"}`;
  const facts = Object.entries(result ?? {}).filter(([, value]) => typeof value === "number");
  const words = facts.map(([name, value]) => `${name} ${count(value as number)}`);
  return [...words, ...(duration_ms == null ? [] : [duration(duration_ms)])].join(", ");
}
