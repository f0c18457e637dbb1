import type { Client } from "../api/client";
import type { Job, PageConfig, ServerMessage } from "../api/contract";
import type { AppStore } from "../store/app-store";
import { JobTasks, type TasksQuery } from "./job-tasks";
import { LiveConnection } from "./live-connection";

/** How often jobs are read by HTTP while the connection is lost, or open but silent. */
const POLL_EVERY_MS = 4_000;
/**
 * How often jobs are read by HTTP while something is unfinished and messages arrive: one that was lost may have been the
 * last one of its job.
 */
const CHECK_EVERY_MS = 20_000;
/** The most pages, of 50 jobs each, that are read after a reconnect. */
const MAX_PAGES = 20;
/** The most jobs that are read one by one because they are not in these pages. */
const MAX_SINGLE_READS = 50;
/** An upload ticket expires after this time; a job that is still not planned then will never get its picture. */
const TICKET_LIFETIME_MS = 3_600_000;

/**
 * Keeps the store equal to the ledger. The WebSocket brings each change; after each connect and reconnect the list of
 * jobs is read by HTTP, because messages that were sent meanwhile are lost.
 */
export class LedgerSync {
  private readonly connection: LiveConnection;
  private readonly pollTimer: ReturnType<typeof setInterval>;
  private readonly refreshes = new Map<string, Promise<void>>();
  private readonly openTasks = new Set<JobTasks>();
  private statsWanted = false;
  private reconciling = false;
  private reconcileAgain = false;
  private reconcileFailed = false;
  /** `created_at` of the newest job in the last list. */
  private newestListed?: string;
  private lastMessageAt = 0;
  private lastListAt = 0;

  constructor(
    private readonly config: PageConfig,
    token: string,
    private readonly client: Client,
    private readonly store: AppStore,
  ) {
    this.connection = new LiveConnection(`${config.socket}?token=${encodeURIComponent(token)}`, {
      onOpen: this.onOpen,
      onLost: this.onLost,
      onMessage: this.apply,
    });
    this.pollTimer = setInterval(this.poll, POLL_EVERY_MS);
    addEventListener("online", this.onWake);
    addEventListener("offline", this.showConnection);
    document.addEventListener("visibilitychange", this.onWake);
    this.showConnection();
    void this.reconcile();
  }

  close(): void {
    this.connection.close();
    clearInterval(this.pollTimer);
    removeEventListener("online", this.onWake);
    removeEventListener("offline", this.showConnection);
    document.removeEventListener("visibilitychange", this.onWake);
  }

  loadMore = async (): Promise<void> => {
    const { cursor } = this.store.read();
    if (!cursor) return;
    const page = await this.client.jobs(cursor);
    for (const job of page.jobs) this.store.applyJob(job);
    this.store.set({ cursor: page.cursor ?? null });
  };

  /** Reads a job with new URLs for its results: signed URLs expire after an hour at most. */
  refresh(jobId: string): Promise<void> {
    const active = this.refreshes.get(jobId);
    if (active) return active;
    const refresh = this.client
      .job(jobId)
      .then((job) => this.applyJob(job, true))
      .finally(() => this.refreshes.delete(jobId));
    this.refreshes.set(jobId, refresh);
    return refresh;
  }

  /** Reads a job's tasks and keeps them up to date until `closeTasks`. */
  tasksOf(jobId: string, query: TasksQuery): JobTasks {
    const tasks = new JobTasks(this.client, jobId, query);
    this.openTasks.add(tasks);
    return tasks;
  }

  closeTasks(tasks: JobTasks): void {
    this.openTasks.delete(tasks);
    tasks.close();
  }

  /** Starts or stops the statistics of all ops, which the server sends every few seconds. */
  subscribeToStats(wanted: boolean): void {
    this.statsWanted = wanted;
    if (this.connection.open) this.connection.send({ action: "stats", ...(!wanted && { stop: true }) });
  }

  private apply = (message: ServerMessage): void => {
    this.lastMessageAt = Date.now();
    if (message.type === "snapshot") for (const job of message.jobs ?? []) this.applyJob(job);
    if (message.type === "job") this.applyJob(message.job);
    if (message.type === "task") {
      this.store.applyTask(message.task);
      for (const tasks of this.openTasks) if (tasks.jobId === message.job_id) tasks.apply(message.task);
    }
    if (message.type === "stats") this.store.applyStats(message.stats);
    if (message.type === "system") this.store.addEvent(message.event);
  };

  private applyJob(job: Job, freshUrls = false): void {
    this.store.applyJob(job, freshUrls);
    for (const tasks of this.openTasks) if (tasks.jobId === job.id) tasks.setTotal(job.counts.total);
  }

  private onOpen = (): void => {
    this.showConnection();
    if (this.statsWanted) this.subscribeToStats(true);
    void this.reconcile();
    // Even tasks that had ended are read again: a retry may have started them while the connection was lost.
    for (const tasks of this.openTasks) void tasks.refresh();
  };

  private onWake = (): void => {
    this.showConnection();
    if (document.hidden || !navigator.onLine) return;
    if (this.connection.open) this.connection.check();
    else this.connection.reconnect();
  };

  /** Reads the ledger while something is unfinished and no message arrives, else seldom: messages may get lost. */
  private poll = (): void => {
    if (!navigator.onLine || document.hidden) return;
    const { open } = this.connection;
    const silent =
      !open ||
      Date.now() - this.lastMessageAt > POLL_EVERY_MS ||
      Date.now() - this.lastListAt > CHECK_EVERY_MS;
    if (this.reconcileFailed || !open || (silent && !this.unfinishedJobs().next().done)) {
      void this.reconcile();
    }
    for (const tasks of this.openTasks) if (silent && tasks.mayChange) void tasks.refresh();
  };

  private onLost = (): void => {
    this.store.set({ connection: navigator.onLine ? "reconnecting" : "offline" });
  };

  private showConnection = (): void => {
    const first = this.store.read().connection === "connecting";
    const notOpen = first ? "connecting" : "reconnecting";
    const connection = !navigator.onLine ? "offline" : this.connection.open ? "live" : notOpen;
    this.store.set({ connection });
  };

  /** Runs one at a time. A call during a run starts one more run after it, because the current list may be too old. */
  private async reconcile(): Promise<void> {
    this.reconcileAgain = this.reconciling;
    if (this.reconciling) return;
    this.reconciling = true;
    try {
      this.lastListAt = Date.now();
      await this.list();
      if (!this.store.read().role) this.store.set({ role: await this.client.role() });
      this.reconcileFailed = false;
    } catch {
      // The API did not answer or is overloaded: the next poll tries again.
      this.reconcileFailed = true;
    } finally {
      this.reconciling = false;
    }
    if (this.reconcileAgain) await this.reconcile();
  }

  /**
   * Reads jobs back to the newest one of the previous list. The first time it reads one page; older pages are loaded on
   * demand. Unfinished jobs of the store that are not in these pages are then read one by one.
   */
  private async list(): Promise<void> {
    const unfinished = new Set(this.unfinishedJobs());
    const until = this.newestListed;
    let cursor: string | null | undefined;
    for (let pages = 0; pages < MAX_PAGES; pages++) {
      const { jobs, cursor: next } = await this.client.jobs(cursor ?? undefined);
      for (const job of jobs) {
        this.applyJob(job);
        unfinished.delete(job.id);
      }
      if (pages === 0) this.newestListed = jobs[0]?.created_at;
      cursor = next;
      if (!cursor || until === undefined || (jobs.at(-1)?.created_at ?? until) < until) break;
    }
    if (until === undefined) this.store.set({ loaded: true, cursor: cursor ?? null });
    const reads = [...unfinished].slice(0, MAX_SINGLE_READS).map((id) => this.client.job(id));
    for (const read of await Promise.allSettled(reads)) {
      if (read.status === "fulfilled") this.applyJob(read.value);
    }
  }

  /** Yields the ids of jobs that may still change, or whose variants have not all arrived. */
  private *unfinishedJobs(): Generator<string> {
    for (const { id, job, variants } of this.store.read().entries.values()) {
      if (!job) continue;
      const open = job.status === "pending" || job.status === "running";
      const { total, completed, failed } = job.counts;
      const unplanned = job.status === "pending" && total === 0;
      if (unplanned && Date.now() - Date.parse(job.created_at) > TICKET_LIFETIME_MS) continue;
      const shown = Object.values(variants).filter(
        ({ status }) => status === "completed" || status === "failed",
      );
      if (open || (total <= this.config.limits.kept_variants && shown.length < completed + failed)) yield id;
    }
  }
}
