import { type KeyboardEvent, memo, type SyntheticEvent, useRef, useState } from "react";
import type { Task } from "../api/contract";
import { count, duration, plural } from "../format";
import { useTasks } from "../live/use-tasks";
import { LoadMore } from "./load-more";
import "./store-grid.css";
import { moveFocus, rowsOf, type StoreRow } from "./store-rows";
import type { ViewProps } from "./task-list";
import { useIncrementalList } from "./use-incremental-list";

const ROWS_PER_STEP = 60;

interface SelectedCell {
  store: string;
  index: number;
}

/** A batch as a grid: a row for each store, a cell for each image. */
export function StoreGrid({ jobId, counts, children }: ViewProps) {
  const [{ tasks, state }] = useTasks(jobId, undefined, true);
  const previousRows = useRef<StoreRow[]>([]);
  previousRows.current = rowsOf(tasks, previousRows.current);
  const rows = previousRows.current;
  const complete = tasks.length >= counts.total;
  const [shown, more, load] = useIncrementalList(rows, ROWS_PER_STEP);
  const [selected, setSelected] = useState<SelectedCell>();

  const select = (event: SyntheticEvent) => {
    const { store, index } = (event.target as HTMLElement).dataset;
    if (store !== undefined && index !== undefined) setSelected({ store, index: Number(index) });
  };
  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    if (moveFocus(event.target as HTMLElement, event.key)) event.preventDefault();
  };
  const selectedRow = selected && rows.find(({ name }) => name === selected.store);

  return (
    <section aria-label="Stores">
      <div className="toolbar">
        <p className="count">
          {complete ? progressSentence(rows) : `Loading ${plural(counts.total, "image")}.`}
        </p>
        {children}
      </div>
      {state === "failed" && <p className="empty-message">The images could not be loaded. Trying again.</p>}
      {tasks.length === 0 && state === "ready" && (
        <p className="empty-message">
          {counts.total === 0 ? "The stores are being planned." : "There are no images."}
        </p>
      )}
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the cells are buttons; their events are handled here */}
      <div className="stores-grid" onFocus={select} onMouseOver={select} onKeyDown={onKeyDown}>
        {shown.map((row) => (
          <StoreGridRow key={row.name} row={row} complete={complete} />
        ))}
      </div>
      <LoadMore more={more} load={load} what="more stores" />
      {tasks.length > 0 && <ImageDetails row={selectedRow} index={selected?.index ?? 0} />}
    </section>
  );
}

interface RowProps {
  row: StoreRow;
  /** True when all images of the batch are loaded, and so all images of this store. */
  complete: boolean;
}

const StoreGridRow = memo(function StoreGridRow({ row: { name, tasks }, complete }: RowProps) {
  const done = tasks.filter((task) => task.status === "completed").length;
  const failed = tasks.find((task) => task.status === "failed");
  return (
    <div className="store" data-testid="store" data-store-row={name} data-stopped={failed ? true : undefined}>
      <h2 title={name}>{name}</h2>
      <p className="count">
        {count(done)}
        {complete && ` of ${count(tasks.length)}`}
      </p>
      <ul>
        {tasks.map((task, index) => (
          <Cell key={task.id} store={name} index={index} task={task} />
        ))}
      </ul>
      {failed?.error && (
        <p className="error-text">
          Stopped at image {tasks.indexOf(failed) + 1}: {failed.error.message}
        </p>
      )}
    </div>
  );
});

interface CellProps {
  store: string;
  index: number;
  task: Task;
}

const Cell = memo(function Cell({ store, index, task }: CellProps) {
  return (
    <li>
      <button
        type="button"
        tabIndex={index === 0 ? 0 : -1}
        data-store={store}
        data-index={index}
        data-status={task.status}
        aria-label={`Image ${index + 1}: ${outcomeOf(task)}`}
      />
    </li>
  );
});

/** `4 of 6 stores done, 2 stopped.` */
function progressSentence(rows: readonly StoreRow[]): string {
  const done = rows.filter(({ tasks }) => tasks.every((task) => task.status === "completed")).length;
  const stopped = rows.filter(({ tasks }) => tasks.some((task) => task.status === "failed")).length;
  const stoppedText = stopped > 0 ? `, ${count(stopped)} stopped` : "";
  return `${count(done)} of ${plural(rows.length, "store")} done${stoppedText}.`;
}

/** Details of the selected image. Screen readers get the same text as the label of its cell. */
function ImageDetails({ row, index }: { row?: StoreRow; index: number }) {
  const task = row?.tasks[index];
  return (
    <p className="image-details" aria-hidden="true" data-testid="image-details">
      {row && task ? (
        <>
          <b>
            {row.name}, image {index + 1} of {row.tasks.length}
          </b>
          <span>{outcomeOf(task)}</span>
          <span className="url">{String(task.input)}</span>
        </>
      ) : (
        "Point at an image, or move to it with Tab and the arrow keys, to see its result."
      )}
    </p>
  );
}

const WAITING_TEXT = { pending: "waiting", running: "running" };

function outcomeOf({ status, result, error, duration_ms }: Task): string {
  if (status === "pending" || status === "running") return WAITING_TEXT[status];
  if (status !== "completed") return `${status}, ${error?.message ?? "no reason was given"}`;
  const numbers = Object.entries(result ?? {}).filter(([, value]) => typeof value === "number");
  const words = numbers.map(([name, value]) => `${name} ${count(value as number)}`);
  return [...words, ...(duration_ms == null ? [] : [duration(duration_ms)])].join(", ");
}
