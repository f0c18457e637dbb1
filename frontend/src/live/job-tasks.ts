import { ApiError, type Client } from "../api/client";
import type { Task, TaskStatus } from "../api/contract";
import { BatchedStore } from "../store/batched-store";

const PAGE_SIZE = 100;
const LARGEST_PAGE_SIZE = 200;
/** With more tasks than this the page is redrawn less often. */
const MANY_TASKS = 1000;

export interface TasksState {
  /** In the order of the job. */
  readonly tasks: readonly Task[];
  readonly state: "loading" | "ready" | "missing" | "failed";
  /** True when there are further pages. */
  readonly more: boolean;
}

export interface TasksQuery {
  /** Only tasks of this status. */
  status?: TaskStatus;
  /** Read every page, not only the first one. */
  all?: boolean;
}

/**
 * The tasks of one job, read page by page and kept up to date by messages. Tasks up to the index `readUpTo` are held;
 * a message about a later task is ignored, because the page that contains the task will bring it.
 */
export class JobTasks extends BatchedStore<TasksState> {
  private readonly tasks = new Map<number, Task>();
  /** The newest version seen of each task, also of tasks that the status filter leaves out. Older messages are ignored. */
  private readonly versions = new Map<number, number>();
  /** Messages that arrived during a read. They are applied after it, because the page may be older than they are. */
  private readonly duringRead = new Map<number, Task>();
  /** Infinity when the last page was read. */
  private readUpTo = -1;
  /** The last index that the current read has returned. */
  private reached = -1;
  private cursor?: string | null;
  private state: TasksState["state"] = "loading";
  private activeRead?: Promise<void>;
  private refreshAgain = false;
  private total = 0;
  private closed = false;

  constructor(
    private readonly client: Pick<Client, "tasks">,
    readonly jobId: string,
    private readonly query: TasksQuery,
  ) {
    super();
    void this.refresh();
  }

  /** True when a task may still change, is not loaded yet, or could not be loaded. */
  get mayChange(): boolean {
    return (
      this.state === "failed" ||
      this.incomplete ||
      [...this.tasks.values()].some(({ status }) => !ENDED.has(status))
    );
  }

  close(): void {
    this.closed = true;
  }

  /** Applies a message about one task. */
  apply(task: Task): void {
    const index = indexOf(task);
    if (this.activeRead) this.duringRead.set(index, newer(this.duringRead.get(index), task));
    this.put(index, task);
  }

  private put(index: number, task: Task): void {
    if (index > this.readUpTo) return;
    if (task.version <= (this.versions.get(index) ?? 0)) return;
    this.versions.set(index, task.version);
    if (this.query.status && task.status !== this.query.status) this.tasks.delete(index);
    else this.tasks.set(index, task);
    this.changed();
  }

  /** Takes the number of the job's tasks. New tasks are not sent as messages: a greater number causes a read. */
  setTotal(total: number): void {
    this.total = total;
    if (this.incomplete) void this.refresh();
  }

  private get incomplete(): boolean {
    return !this.query.status && this.readUpTo === Number.POSITIVE_INFINITY && this.tasks.size < this.total;
  }

  /** Reads all held pages again. A call during a read starts one more read after it. */
  refresh(): Promise<void> {
    this.refreshAgain = this.activeRead !== undefined;
    this.activeRead ??= this.run(() => this.readHeldPages());
    return this.activeRead;
  }

  loadMore = (): Promise<void> => {
    if (this.cursor) this.activeRead ??= this.run(() => this.readPage(this.cursor ?? undefined));
    return this.activeRead ?? Promise.resolve();
  };

  protected override get large(): boolean {
    return this.tasks.size > MANY_TASKS;
  }

  protected snapshot(): TasksState {
    const tasks = [...this.tasks.entries()].sort(([a], [b]) => a - b).map(([, task]) => task);
    return { tasks, state: this.state, more: Boolean(this.cursor) };
  }

  private async run(read: () => Promise<unknown>): Promise<void> {
    try {
      await read();
      this.state = "ready";
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.state = error.status === 404 ? "missing" : "failed";
    } finally {
      this.activeRead = undefined;
      this.duringRead.clear();
      this.changed();
    }
    if (this.refreshAgain && !this.closed) await this.refresh();
  }

  private async readHeldPages(): Promise<void> {
    const heldUpTo = this.readUpTo;
    this.reached = -1;
    const versionsBefore = new Map(this.versions);
    const seen = new Set<number>();
    let cursor: string | undefined;
    do {
      for (const index of await this.readPage(cursor)) seen.add(index);
      cursor = this.cursor ?? undefined;
    } while (cursor && !this.closed && (this.query.all || this.reached < heldUpTo));
    // A task that is no longer in the pages, and had no message meanwhile, has left the status of the filter.
    for (const index of this.tasks.keys()) {
      const unchanged = versionsBefore.get(index) === this.versions.get(index);
      if (!seen.has(index) && index <= this.reached && unchanged) this.tasks.delete(index);
    }
  }

  private async readPage(cursor?: string): Promise<number[]> {
    const size = this.query.all ? LARGEST_PAGE_SIZE : PAGE_SIZE;
    const { status } = this.query;
    let page = await this.client.tasks(this.jobId, size, cursor, status);
    // A page of a filter that few tasks pass may be empty although more tasks follow.
    while (page.tasks.length === 0 && page.cursor && !this.closed) {
      page = await this.client.tasks(this.jobId, size, page.cursor, status);
    }
    const indices = page.tasks.map(indexOf);
    this.cursor = page.cursor;
    this.reached = page.cursor ? Math.max(this.reached, indices.at(-1) ?? -1) : Number.POSITIVE_INFINITY;
    this.readUpTo = Math.max(this.readUpTo, this.reached);
    for (const task of page.tasks) this.put(indexOf(task), task);
    for (const [index, task] of this.duringRead) this.put(index, task);
    this.changed();
    return indices;
  }
}

const ENDED = new Set<TaskStatus>(["completed", "failed", "skipped"]);

/** A task's id ends with its index in the job: `j1.17`. */
function indexOf({ id }: Task): number {
  return Number(id.slice(id.lastIndexOf(".") + 1));
}

function newer(known: Task | undefined, task: Task): Task {
  return known && known.version > task.version ? known : task;
}
