/** A batch's tasks grouped by store, and keyboard navigation between their cells. */

import type { Task } from "../api/contract";

export interface StoreRow {
  name: string;
  tasks: Task[];
}

/** Groups tasks by store, in the order of the batch. A row whose tasks are all unchanged stays the same object. */
export function rowsOf(tasks: readonly Task[], previous: readonly StoreRow[]): StoreRow[] {
  const byStore = new Map<string, Task[]>();
  for (const task of tasks) {
    const name = task.group ?? "";
    const row = byStore.get(name);
    if (row) row.push(task);
    else byStore.set(name, [task]);
  }
  const previousRows = new Map(previous.map((row) => [row.name, row]));
  return [...byStore].map(([name, row]) => {
    const old = previousRows.get(name);
    const same = old?.tasks.length === row.length && row.every((task, index) => task === old.tasks[index]);
    return same && old ? old : { name, tasks: row };
  });
}

/** Moves the focus to the next cell in the direction of the key; false when the key moves nothing. */
export function moveFocus(cell: HTMLElement, key: string): boolean {
  const row = cell.closest("[data-store-row]");
  if (!row || cell.dataset.index === undefined) return false;
  const index = Number(cell.dataset.index);
  const targets: Record<string, number> = { ArrowRight: index + 1, ArrowLeft: index - 1, Home: 0, End: -1 };
  if (key in targets) {
    const cells = row.querySelectorAll<HTMLElement>("[data-index]");
    cells[key === "End" ? cells.length - 1 : (targets[key] ?? index)]?.focus();
    return true;
  }
  if (key !== "ArrowDown" && key !== "ArrowUp") return false;
  const nextRow = key === "ArrowDown" ? row.nextElementSibling : row.previousElementSibling;
  const cells = nextRow?.querySelectorAll<HTMLElement>("[data-index]") ?? [];
  cells[Math.min(index, cells.length - 1)]?.focus();
  return true;
}
