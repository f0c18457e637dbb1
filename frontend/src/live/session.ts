import type { Client } from "../api/client";
import type { Config } from "../api/config";
import type { SocketMessage } from "../api/types";
import type { Store } from "../store/store";
import { Feed } from "./socket";

/** How often to ask while the feed is down, or silent. */
const POLL_EVERY = 4_000;
/** How far back one reconciliation looks: this many pages of 50 jobs. */
const PAGES = 20;
const ASKED_BY_NAME = 50;
/** A job of more tasks does not carry their results. */
const KEPT_VARIANTS = 32;
/** A ticket for an upload is good for this long; a job that is not planned by then has no picture coming. */
const TICKET = 3_600_000;

/** Keeps the store equal to the ledger: the feed brings changes, a listing after each (re)connect what the feed missed. */
export class Session {
  private readonly feed: Feed;
  private readonly polling: ReturnType<typeof setInterval>;
  private readonly refreshing = new Map<string, Promise<void>>();
  private reconciling = false;
  /** The last reconciliation failed. */
  private behind = false;
  /** When the newest job of the last listing was made. */
  private horizon?: string;
  private again = false;
  private heard = 0;

  constructor(
    config: Config,
    token: string,
    private readonly client: Client,
    private readonly store: Store,
  ) {
    this.feed = new Feed(`${config.socket}?token=${encodeURIComponent(token)}`, {
      onOpen: this.opened,
      onLost: this.lost,
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
    this.heard = Date.now();
    // What this page does not know (stats, system, later kinds) is none of its business.
    if (message.type === "snapshot") for (const job of message.jobs ?? []) this.store.applyJob(job);
    if (message.type === "job") this.store.applyJob(message.job);
    if (message.type === "task") this.store.applyTask(message.task);
  };

  private opened = (): void => {
    this.showConnection();
    void this.reconcile();
  };

  private awake = (): void => {
    this.showConnection();
    if (document.hidden || !navigator.onLine) return;
    if (this.feed.open) this.feed.check();
    else this.feed.reconnect();
  };

  /** A socket promises no delivery: while something is unfinished and nothing is heard of it, the ledger is asked. */
  private poll = (): void => {
    const silent = Date.now() - this.heard > POLL_EVERY && !this.unfinished().next().done;
    if ((!this.feed.open || this.behind || silent) && navigator.onLine && !document.hidden)
      void this.reconcile();
  };

  private lost = (): void => {
    this.store.set({ connection: navigator.onLine ? "reconnecting" : "offline" });
  };

  private showConnection = (): void => {
    const waiting = this.store.read().connection === "connecting" ? "connecting" : "reconnecting";
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
      this.behind = false;
    } catch {
      // Unreachable or overloaded: the next poll asks again.
      this.behind = true;
    } finally {
      this.reconciling = false;
    }
    if (this.again) await this.reconcile();
  }

  /**
   * Reads back to what the last listing began with; the first time one page will do, the rest comes on demand. What is
   * unfinished here but further back is asked for by name.
   */
  private async list(): Promise<void> {
    const unfinished = new Set(this.unfinished());
    const horizon = this.horizon;
    let cursor: string | null | undefined;
    for (let pages = 0; pages < PAGES; pages++) {
      const { jobs, cursor: next } = await this.client.jobs(cursor ?? undefined);
      for (const job of jobs) {
        this.store.applyJob(job);
        unfinished.delete(job.id);
      }
      if (pages === 0) this.horizon = jobs[0]?.created_at;
      cursor = next;
      if (!cursor || horizon === undefined || (jobs.at(-1)?.created_at ?? "") < horizon) break;
    }
    if (horizon === undefined) this.store.set({ loaded: true, cursor: cursor ?? null });
    const asked = [...unfinished].slice(0, ASKED_BY_NAME).map((id) => this.client.job(id));
    for (const answer of await Promise.allSettled(asked)) {
      if (answer.status === "fulfilled") this.store.applyJob(answer.value);
    }
  }

  private *unfinished(): Generator<string> {
    for (const { id, job, variants } of this.store.read().entries.values()) {
      if (!job) continue;
      const open = job.status === "pending" || job.status === "running";
      const { total, completed, failed } = job.counts;
      const abandoned = job.status === "pending" && total === 0;
      if (abandoned && Date.now() - Date.parse(job.created_at) > TICKET) continue;
      const shown = Object.values(variants).filter(
        ({ status }) => status === "completed" || status === "failed",
      );
      if (open || (total <= KEPT_VARIANTS && shown.length < completed + failed)) yield id;
    }
  }
}
