/** A batch's tasks as rows, and the way from cell to cell by the keyboard. */

import type { TaskMessage } from "../api/types";

export interface Store {
  name: string;
  tasks: TaskMessage[];
}

/** By store, in the order of the batch; a row in which nothing has changed stays the same object. */
export function rowsOf(tasks: readonly TaskMessage[], before: readonly Store[]): Store[] {
  const found = new Map<string, TaskMessage[]>();
  for (const task of tasks) {
    const name = task.group ?? "";
    const row = found.get(name);
    if (row) row.push(task);
    else found.set(name, [task]);
  }
  const known = new Map(before.map((store) => [store.name, store]));
  return [...found].map(([name, row]) => {
    const old = known.get(name);
    const same = old?.tasks.length === row.length && row.every((task, at) => task === old.tasks[at]);
    return same && old ? old : { name, tasks: row };
  });
}

/** Moves the focus from one cell to the next, along a row or across rows; false when the key means nothing here. */
export function move(cell: HTMLElement, key: string): boolean {
  const row = cell.closest("[data-store-row]");
  if (!row || cell.dataset.at === undefined) return false;
  const at = Number(cell.dataset.at);
  const along: Record<string, number> = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: -1 };
  if (key in along) {
    const cells = row.querySelectorAll<HTMLElement>("[data-at]");
    cells[key === "End" ? cells.length - 1 : (along[key] ?? at)]?.focus();
    return true;
  }
  if (key !== "ArrowDown" && key !== "ArrowUp") return false;
  const next = key === "ArrowDown" ? row.nextElementSibling : row.previousElementSibling;
  const cells = next?.querySelectorAll<HTMLElement>("[data-at]") ?? [];
  cells[Math.min(at, cells.length - 1)]?.focus();
  return true;
}
