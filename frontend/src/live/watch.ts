import { ApiError, type Client } from "../api/client";
import type { TaskMessage, TaskStatus } from "../api/types";
import { BatchedStore } from "../store/batched-store";

const PAGE = 100;
const LARGEST_PAGE = 200;
const LARGE = 1000;

export interface Watched {
  /** In the job's order. */
  readonly tasks: readonly TaskMessage[];
  readonly state: "loading" | "ready" | "missing" | "failed";
  /** There are others behind these. */
  readonly more: boolean;
}

/** What is to be seen of a job: its tasks of one status or all of them, page by page or whole. */
export interface Look {
  status?: TaskStatus;
  whole?: boolean;
}

/**
 * A job's tasks, as far as somebody looks at them: read up to a frontier, and kept as the messages say up to there.
 * What is behind the frontier is not held; the page that moves the frontier brings it.
 */
export class Watch extends BatchedStore<Watched> {
  private readonly tasks = new Map<number, TaskMessage>();
  /** Newest version heard of each task that a status keeps out, so that nothing old lets it in again. */
  private readonly versions = new Map<number, number>();
  /** Heard of while a page was on its way that may be older and reach further. */
  private readonly ahead = new Map<number, TaskMessage>();
  /** The last place that was read; endless once all was. */
  private frontier = -1;
  /** How far the reading that is going on has come. */
  private reached = -1;
  private cursor?: string | null;
  private state: Watched["state"] = "loading";
  private reading?: Promise<void>;
  private again = false;
  private total = 0;
  private closed = false;

  constructor(
    private readonly client: Pick<Client, "tasks">,
    readonly job: string,
    private readonly look: Look,
  ) {
    super();
    void this.refresh();
  }

  /** Something here may still change, is not here yet, or could not be read. */
  get unsettled(): boolean {
    return (
      this.state === "failed" ||
      this.lacking ||
      [...this.tasks.values()].some(({ status }) => !ENDED.has(status))
    );
  }

  close(): void {
    this.closed = true;
  }

  apply(task: TaskMessage): void {
    const index = indexOf(task);
    if (this.reading) this.ahead.set(index, newer(this.ahead.get(index), task));
    this.put(index, task);
  }

  private put(index: number, task: TaskMessage): void {
    if (index > this.frontier) return;
    if (task.version <= (this.versions.get(index) ?? 0)) return;
    this.versions.set(index, task.version);
    if (this.look.status && task.status !== this.look.status) this.tasks.delete(index);
    else this.tasks.set(index, task);
    this.changed();
  }

  /** Tasks are announced by their job's total alone: when there are more than were read, they are read. */
  expect(total: number): void {
    this.total = total;
    if (this.lacking) void this.refresh();
  }

  private get lacking(): boolean {
    return !this.look.status && this.frontier === Number.POSITIVE_INFINITY && this.tasks.size < this.total;
  }

  /** Reads again all that is shown; asked meanwhile, once more. */
  refresh(): Promise<void> {
    this.again = this.reading !== undefined;
    this.reading ??= this.alone(() => this.readAgain());
    return this.reading;
  }

  loadMore = (): Promise<void> => {
    if (this.cursor) this.reading ??= this.alone(() => this.readPage(this.cursor ?? undefined));
    return this.reading ?? Promise.resolve();
  };

  protected override get large(): boolean {
    return this.tasks.size > LARGE;
  }

  protected picture(): Watched {
    const tasks = [...this.tasks.entries()].sort(([a], [b]) => a - b).map(([, task]) => task);
    return { tasks, state: this.state, more: Boolean(this.cursor) };
  }

  private async alone(reading: () => Promise<unknown>): Promise<void> {
    try {
      await reading();
      this.state = "ready";
    } catch (fault) {
      if (!(fault instanceof ApiError)) throw fault;
      this.state = fault.status === 404 ? "missing" : "failed";
    } finally {
      this.reading = undefined;
      this.ahead.clear();
      this.changed();
    }
    if (this.again && !this.closed) await this.refresh();
  }

  private async readAgain(): Promise<void> {
    const before = this.frontier;
    this.reached = -1;
    const known = new Map(this.versions);
    const seen = new Set<number>();
    let cursor: string | undefined;
    do {
      for (const index of await this.readPage(cursor)) seen.add(index);
      cursor = this.cursor ?? undefined;
    } while (cursor && !this.closed && (this.look.whole || this.reached < before));
    // Another status took it away while nobody listened.
    for (const index of this.tasks.keys()) {
      if (!seen.has(index) && index <= this.reached && known.get(index) === this.versions.get(index)) {
        this.tasks.delete(index);
      }
    }
  }

  private async readPage(cursor?: string): Promise<number[]> {
    const size = this.look.whole ? LARGEST_PAGE : PAGE;
    const page = await this.client.tasks(this.job, size, cursor, this.look.status);
    const indices = page.tasks.map(indexOf);
    this.cursor = page.cursor;
    this.reached = page.cursor ? Math.max(this.reached, indices.at(-1) ?? -1) : Number.POSITIVE_INFINITY;
    this.frontier = Math.max(this.frontier, this.reached);
    for (const task of page.tasks) this.put(indexOf(task), task);
    for (const [index, task] of this.ahead) this.put(index, task);
    this.changed();
    return indices;
  }
}

const ENDED = new Set<TaskStatus>(["completed", "failed", "skipped"]);

/** A task's id ends in its place in the job. */
function indexOf({ id }: TaskMessage): number {
  return Number(id.slice(id.lastIndexOf(".") + 1));
}

function newer(known: TaskMessage | undefined, task: TaskMessage): TaskMessage {
  return known && known.version > task.version ? known : task;
}
