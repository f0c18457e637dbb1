import { expect, it } from "vitest";
import { sampleTask } from "../api/samples";
import { rowsOf } from "./store-rows";

const task = (index: number, group: string, version = 1) => sampleTask({ id: `j.${index}`, group, version });

it("groups interleaved tasks by store, and keeps the rows in which nothing changed", () => {
  const tasks = [task(0, "a"), task(1, "b"), task(2, "a")];
  const before = rowsOf(tasks, []);
  expect(before.map(({ name, tasks: row }) => [name, row.map(({ id }) => id)])).toEqual([
    ["a", ["j.0", "j.2"]],
    ["b", ["j.1"]],
  ]);
  const after = rowsOf(tasks.with(1, task(1, "b", 2)), before);
  expect(after[0]).toBe(before[0]);
  expect(after[1]).not.toBe(before[1]);
});
