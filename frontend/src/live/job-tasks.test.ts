import { beforeEach, expect, it, vi } from "vitest";
import { ApiError } from "../api/client";
import type { Task, TaskPage, TaskStatus } from "../api/contract";
import { sampleTask } from "../api/samples";
import { JobTasks } from "./job-tasks";

beforeEach(() => {
  vi.stubGlobal("document", { hidden: false });
  vi.stubGlobal("requestAnimationFrame", (frame: () => void) => setTimeout(frame));
});

const task = (index: number, version: number, status: TaskStatus) =>
  sampleTask({ id: `j.${index}`, version, status });

/** A server whose tasks a test may change between reads. */
class Server {
  reads = 0;
  error?: ApiError;

  constructor(
    readonly stored: Task[],
    readonly page = 2,
  ) {}

  tasks = async (_job: string, _limit: number, cursor?: string, status?: TaskStatus): Promise<TaskPage> => {
    this.reads++;
    if (this.error) throw this.error;
    const start = Number(cursor ?? 0);
    const tasks = this.stored
      .slice(start, start + this.page)
      .filter((one) => !status || one.status === status);
    return { tasks, cursor: start + this.page < this.stored.length ? String(start + this.page) : null };
  };
}

const five = () => [0, 1, 2, 3, 4].map((index) => task(index, 1, "pending"));
const shown = (tasks: JobTasks) =>
  tasks.read().tasks.map(({ id, status, version }) => `${id.slice(2)} ${status} ${version}`);

async function settled(tasks: JobTasks): Promise<void> {
  await tasks.refresh();
  await new Promise((resolve) => setTimeout(resolve, 1));
}

it("reads one page, and the next on demand", async () => {
  const server = new Server(five());
  const tasks = new JobTasks(server, "j", {});
  await settled(tasks);
  expect(shown(tasks)).toEqual(["0 pending 1", "1 pending 1"]);
  expect(tasks.read()).toMatchObject({ more: true, state: "ready" });
  await tasks.loadMore();
  await tasks.loadMore();
  await settled(tasks);
  expect(shown(tasks)).toHaveLength(5);
  expect(tasks.read().more).toBe(false);
});

it("goes on when a page of a filter is empty although more tasks follow", async () => {
  const tasks = new JobTasks(new Server([...five(), task(5, 1, "failed")]), "j", { status: "failed" });
  await settled(tasks);
  expect(shown(tasks)).toEqual(["5 failed 1"]);
  expect(tasks.read().more).toBe(false);
});

it("reads every page when all tasks are wanted", async () => {
  const tasks = new JobTasks(new Server(five()), "j", { all: true });
  await settled(tasks);
  expect(shown(tasks)).toHaveLength(5);
});

it("applies messages about tasks that it has read, and ignores older versions", async () => {
  const tasks = new JobTasks(new Server(five()), "j", {});
  await settled(tasks);
  tasks.apply(task(1, 3, "completed"));
  tasks.apply(task(1, 2, "running"));
  tasks.apply(task(4, 2, "running"));
  await new Promise((resolve) => setTimeout(resolve, 1));
  expect(shown(tasks)).toEqual(["0 pending 1", "1 completed 3"]);
});

it("keeps a message that arrived while an older page was being read", async () => {
  const tasks = new JobTasks(new Server(five()), "j", { all: true });
  tasks.apply(task(3, 2, "completed"));
  await settled(tasks);
  expect(shown(tasks)[3]).toBe("3 completed 2");
});

it("with a status filter adds tasks that enter the status and removes tasks that leave it", async () => {
  const tasks = new JobTasks(new Server(five(), 9), "j", { status: "failed" });
  await settled(tasks);
  tasks.apply(task(2, 2, "failed"));
  tasks.apply(task(4, 2, "failed"));
  tasks.apply(task(2, 3, "pending"));
  tasks.apply(task(2, 2, "failed"));
  await new Promise((resolve) => setTimeout(resolve, 1));
  expect(shown(tasks)).toEqual(["4 failed 2"]);
});

it("is equal to the server after a refresh, whichever messages it missed", async () => {
  const server = new Server([task(0, 2, "failed"), task(1, 2, "failed"), task(2, 1, "pending")]);
  const tasks = new JobTasks(server, "j", { status: "failed", all: true });
  await settled(tasks);
  server.stored.splice(0, 3, task(0, 4, "completed"), task(1, 2, "failed"), task(2, 2, "failed"));
  await settled(tasks);
  expect(shown(tasks)).toEqual(["1 failed 2", "2 failed 2"]);
});

it("reads again when the job has more tasks than before", async () => {
  const server = new Server([], 9);
  const tasks = new JobTasks(server, "j", {});
  await settled(tasks);
  server.stored.push(...five());
  tasks.setTotal(5);
  await settled(tasks);
  expect(shown(tasks)).toHaveLength(5);
  const reads = server.reads;
  tasks.setTotal(5);
  expect(server.reads).toBe(reads);
});

it("refreshes after a page when a refresh was requested during its read", async () => {
  const server = new Server(five());
  const tasks = new JobTasks(server, "j", {});
  await settled(tasks);
  const more = tasks.loadMore();
  server.stored[0] = task(0, 9, "completed");
  void tasks.refresh();
  await more;
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(shown(tasks)[0]).toBe("0 completed 9");
});

it("may change while tasks of the job are missing", async () => {
  const tasks = new JobTasks(new Server([]), "j", {});
  tasks.setTotal(3);
  await settled(tasks);
  expect(tasks.mayChange).toBe(true);
});

it("is missing when there is no such job, and failed when it cannot be read", async () => {
  const server = new Server(five());
  server.error = new ApiError(404, "no_such_job", "There is no job 'j'.");
  const tasks = new JobTasks(server, "j", {});
  await settled(tasks);
  expect(tasks.read().state).toBe("missing");
  server.error = new ApiError(0, "unreachable", "Umbel could not be reached.");
  await settled(tasks);
  expect(tasks.read().state).toBe("failed");
  expect(tasks.mayChange).toBe(true);
  server.error = undefined;
  await settled(tasks);
  expect(tasks.read().state).toBe("ready");
});
