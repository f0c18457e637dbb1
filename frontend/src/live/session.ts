import type { Client } from "../api/client";
import type { Config } from "../api/config";
import type { SocketMessage } from "../api/types";
import type { Store } from "../store/store";
import { Feed } from "./socket";

/** How often to ask while the feed is down. */
const POLL_EVERY = 4_000;
/** How far back one reconciliation looks: this many pages of 50 jobs. */
const PAGES = 20;

/** Keeps the store equal to the ledger: the feed brings changes, a listing after each (re)connect what the feed missed. */
export class Session {
  private readonly feed: Feed;
  private readonly polling: ReturnType<typeof setInterval>;
  private readonly refreshing = new Map<string, Promise<void>>();
  private reconciling = false;
  private again = false;

  constructor(
    config: Config,
    token: string,
    private readonly client: Client,
    private readonly store: Store,
  ) {
    this.feed = new Feed(`${config.socket}?token=${encodeURIComponent(token)}`, {
      onOpen: this.reconciled,
      onLost: this.showConnection,
      onMessage: this.apply,
    });
    this.polling = setInterval(this.poll, POLL_EVERY);
    addEventListener("online", this.awake);
    addEventListener("offline", this.showConnection);
    document.addEventListener("visibilitychange", this.awake);
    this.showConnection();
    void this.reconcile();
  }

  close(): void {
    this.feed.close();
    clearInterval(this.polling);
    removeEventListener("online", this.awake);
    removeEventListener("offline", this.showConnection);
    document.removeEventListener("visibilitychange", this.awake);
  }

  async loadMore(): Promise<void> {
    const { cursor } = this.store.read();
    if (!cursor) return;
    const page = await this.client.jobs(cursor);
    for (const job of page.jobs) this.store.applyJob(job);
    this.store.set({ cursor: page.cursor ?? null });
  }

  /** Fresh addresses for a job's results; the signed ones expire after an hour. */
  refresh(jobId: string): Promise<void> {
    const running = this.refreshing.get(jobId);
    if (running) return running;
    const refreshed = this.client
      .job(jobId)
      .then((job) => this.store.applyJob(job, true))
      .finally(() => this.refreshing.delete(jobId));
    this.refreshing.set(jobId, refreshed);
    return refreshed;
  }

  private apply = (message: SocketMessage): void => {
    // What this page does not know (stats, system, later kinds) is none of its business.
    if (message.type === "snapshot") for (const job of message.jobs ?? []) this.store.applyJob(job);
    if (message.type === "job") this.store.applyJob(message.job);
    if (message.type === "task") this.store.applyTask(message.task);
  };

  private reconciled = (): void => {
    this.showConnection();
    void this.reconcile();
  };

  private awake = (): void => {
    this.showConnection();
    if (document.hidden || !navigator.onLine) return;
    if (this.feed.open) this.feed.check();
    else this.feed.reconnect();
  };

  private poll = (): void => {
    if (!this.feed.open && navigator.onLine && !document.hidden) void this.reconcile();
  };

  private showConnection = (): void => {
    const before = this.store.read().connection;
    const waiting = before === "connecting" ? "connecting" : "reconnecting";
    const connection = !navigator.onLine ? "offline" : this.feed.open ? "live" : waiting;
    this.store.set({ connection });
  };

  /** One at a time; asked again meanwhile, it runs once more, since the first listing may be too old by then. */
  private async reconcile(): Promise<void> {
    this.again = this.reconciling;
    if (this.reconciling) return;
    this.reconciling = true;
    try {
      await this.list();
    } catch {
      // Unreachable: the connection says so already, and the next poll or reconnect asks again.
      this.store.set({ connection: navigator.onLine ? "reconnecting" : "offline" });
    } finally {
      this.reconciling = false;
    }
    if (this.again) await this.reconcile();
  }

  /** Reads back to where everything is known and ended; the first time one page will do, the rest on demand. */
  private async list(): Promise<void> {
    const first = !this.store.read().loaded;
    const open = new Set(this.unfinished());
    let cursor: string | null | undefined;
    for (let pages = 0; pages < PAGES; pages++) {
      const page = await this.client.jobs(cursor ?? undefined);
      const news = page.jobs.some((job) => this.store.entry(job.id)?.job === undefined);
      for (const job of page.jobs) {
        this.store.applyJob(job);
        open.delete(job.id);
      }
      cursor = page.cursor;
      if (first || !cursor || (!news && open.size === 0)) break;
    }
    if (first) this.store.set({ loaded: true, cursor: cursor ?? null });
  }

  private *unfinished(): Generator<string> {
    for (const { id, job } of this.store.read().entries.values()) {
      if (job?.status === "pending" || job?.status === "running") yield id;
    }
  }
}
