import { beforeEach, expect, it, vi } from "vitest";
import { ApiError } from "../api/client";
import type { TaskMessage, TaskPage, TaskStatus } from "../api/types";
import { Watch } from "./watch";

beforeEach(() => {
  vi.stubGlobal("document", { hidden: false });
  vi.stubGlobal("requestAnimationFrame", (frame: () => void) => setTimeout(frame));
});

const task = (index: number, version: number, status: TaskStatus): TaskMessage => ({
  id: `j.${index}`,
  job_id: "j",
  version,
  status,
});

/** A server whose tasks a test changes under the page's feet. */
class Server {
  asked = 0;
  fault?: ApiError;

  constructor(
    readonly tasks_: TaskMessage[],
    readonly page = 2,
  ) {}

  tasks = async (_job: string, _limit: number, cursor?: string, status?: TaskStatus): Promise<TaskPage> => {
    this.asked++;
    if (this.fault) throw this.fault;
    const start = Number(cursor ?? 0);
    const tasks = this.tasks_
      .slice(start, start + this.page)
      .filter((one) => !status || one.status === status);
    return { tasks, cursor: start + this.page < this.tasks_.length ? String(start + this.page) : null };
  };
}

const five = () => [0, 1, 2, 3, 4].map((index) => task(index, 1, "pending"));
const shown = (watch: Watch) =>
  watch.read().tasks.map(({ id, status, version }) => `${id.slice(2)} ${status} ${version}`);

async function settled(watch: Watch): Promise<void> {
  await watch.refresh();
  await new Promise((resolve) => setTimeout(resolve, 1));
}

it("reads one page, and the next on demand", async () => {
  const server = new Server(five());
  const watch = new Watch(server, "j", {});
  await settled(watch);
  expect(shown(watch)).toEqual(["0 pending 1", "1 pending 1"]);
  expect(watch.read()).toMatchObject({ more: true, state: "ready" });
  await watch.loadMore();
  await watch.loadMore();
  await settled(watch);
  expect(shown(watch)).toHaveLength(5);
  expect(watch.read().more).toBe(false);
});

it("reads everything when the whole is looked at", async () => {
  const watch = new Watch(new Server(five()), "j", { whole: true });
  await settled(watch);
  expect(shown(watch)).toHaveLength(5);
});

it("takes messages up to where it has read, and nothing old", async () => {
  const watch = new Watch(new Server(five()), "j", {});
  await settled(watch);
  watch.apply(task(1, 3, "completed"));
  watch.apply(task(1, 2, "running"));
  watch.apply(task(4, 2, "running"));
  await new Promise((resolve) => setTimeout(resolve, 1));
  expect(shown(watch)).toEqual(["0 pending 1", "1 completed 3"]);
});

it("keeps what was heard while an older page was on its way", async () => {
  const watch = new Watch(new Server(five()), "j", { whole: true });
  watch.apply(task(3, 2, "completed"));
  await settled(watch);
  expect(shown(watch)[3]).toBe("3 completed 2");
});

it("with a status shows what comes into it, and drops what leaves it for good", async () => {
  const watch = new Watch(new Server(five(), 9), "j", { status: "failed" });
  await settled(watch);
  watch.apply(task(2, 2, "failed"));
  watch.apply(task(4, 2, "failed"));
  watch.apply(task(2, 3, "pending"));
  watch.apply(task(2, 2, "failed"));
  await new Promise((resolve) => setTimeout(resolve, 1));
  expect(shown(watch)).toEqual(["4 failed 2"]);
});

it("ends up equal to the server whatever it missed", async () => {
  const server = new Server([task(0, 2, "failed"), task(1, 2, "failed"), task(2, 1, "pending")]);
  const watch = new Watch(server, "j", { status: "failed", whole: true });
  await settled(watch);
  server.tasks_.splice(0, 3, task(0, 4, "completed"), task(1, 2, "failed"), task(2, 2, "failed"));
  await settled(watch);
  expect(shown(watch)).toEqual(["1 failed 2", "2 failed 2"]);
});

it("reads again when the job turns out to have more tasks than it had", async () => {
  const server = new Server([], 9);
  const watch = new Watch(server, "j", {});
  await settled(watch);
  server.tasks_.push(...five());
  watch.expect(5);
  await settled(watch);
  expect(shown(watch)).toHaveLength(5);
  const asked = server.asked;
  watch.expect(5);
  expect(server.asked).toBe(asked);
});

it("forgets no reading that was asked for while a page was on its way", async () => {
  const server = new Server(five());
  const watch = new Watch(server, "j", {});
  await settled(watch);
  const more = watch.loadMore();
  server.tasks_[0] = task(0, 9, "completed");
  void watch.refresh();
  await more;
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(shown(watch)[0]).toBe("0 completed 9");
});

it("is unsettled while tasks that the job has are not here", async () => {
  const watch = new Watch(new Server([]), "j", {});
  watch.expect(3);
  await settled(watch);
  expect(watch.unsettled).toBe(true);
});

it("says that there is no such job, and that the rest could not be read", async () => {
  const server = new Server(five());
  server.fault = new ApiError(404, "no_such_job", "There is no job 'j'.");
  const watch = new Watch(server, "j", {});
  await settled(watch);
  expect(watch.read().state).toBe("missing");
  server.fault = new ApiError(0, "unreachable", "Umbel could not be reached.");
  await settled(watch);
  expect(watch.read().state).toBe("failed");
  expect(watch.unsettled).toBe(true);
  server.fault = undefined;
  await settled(watch);
  expect(watch.read().state).toBe("ready");
});
