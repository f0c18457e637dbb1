import type { Client } from "../api/client";
import type { Config } from "../api/config";
import type { JobMessage, SocketMessage } from "../api/types";
import { KEPT_VARIANTS } from "../store/records";
import type { Store } from "../store/store";
import { Feed } from "./socket";
import { type Look, Watch } from "./watch";

/** How often to ask while the feed is down, or silent. */
const POLL_EVERY = 4_000;
/** How far back one reconciliation looks: this many pages of 50 jobs. */
const PAGES = 20;
const ASKED_BY_NAME = 50;
/** A ticket for an upload is good for this long; a job that is not planned by then has no picture coming. */
const TICKET = 3_600_000;

/** Keeps the store equal to the ledger: the feed brings changes, a listing after each (re)connect what the feed missed. */
export class Session {
  private readonly feed: Feed;
  private readonly polling: ReturnType<typeof setInterval>;
  private readonly refreshing = new Map<string, Promise<void>>();
  private readonly watches = new Set<Watch>();
  private wantsStats = false;
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

  loadMore = async (): Promise<void> => {
    const { cursor } = this.store.read();
    if (!cursor) return;
    const page = await this.client.jobs(cursor);
    for (const job of page.jobs) this.store.applyJob(job);
    this.store.set({ cursor: page.cursor ?? null });
  };

  /** A job's record as it is now, with fresh addresses for its results: the signed ones expire after an hour. */
  refresh(jobId: string): Promise<void> {
    const running = this.refreshing.get(jobId);
    if (running) return running;
    const refreshed = this.client
      .job(jobId)
      .then((job) => this.applyJob(job, true))
      .finally(() => this.refreshing.delete(jobId));
    this.refreshing.set(jobId, refreshed);
    return refreshed;
  }

  /** Follows a job's tasks until `unwatch`. */
  watch(job: string, look: Look): Watch {
    const watch = new Watch(this.client, job, look);
    this.watches.add(watch);
    return watch;
  }

  unwatch(watch: Watch): void {
    this.watches.delete(watch);
    watch.close();
  }

  /** The numbers, every few seconds while somebody looks at them. */
  listenToStats(wanted: boolean): void {
    this.wantsStats = wanted;
    if (this.feed.open) this.feed.say({ action: "stats", ...(!wanted && { stop: true }) });
  }

  private apply = (message: SocketMessage): void => {
    this.heard = Date.now();
    if (message.type === "snapshot") for (const job of message.jobs ?? []) this.applyJob(job);
    if (message.type === "job") this.applyJob(message.job);
    if (message.type === "task") {
      this.store.applyTask(message.task);
      for (const watch of this.watches) if (watch.job === message.job) watch.apply(message.task);
    }
    if (message.type === "stats") this.store.applyStats(message.stats);
    if (message.type === "system") this.store.addEvent(message.event);
  };

  private applyJob(job: JobMessage, freshUrls = false): void {
    this.store.applyJob(job, freshUrls);
    for (const watch of this.watches) if (watch.job === job.id) watch.expect(job.counts.total);
  }

  private opened = (): void => {
    this.showConnection();
    if (this.wantsStats) this.listenToStats(true);
    void this.reconcile();
    // A task that was ended a moment ago may have been started over while nobody listened.
    for (const watch of this.watches) void watch.refresh();
  };

  private awake = (): void => {
    this.showConnection();
    if (document.hidden || !navigator.onLine) return;
    if (this.feed.open) this.feed.check();
    else this.feed.reconnect();
  };

  /** A socket promises no delivery: while something is unfinished and nothing is heard of it, the ledger is asked. */
  private poll = (): void => {
    if (!navigator.onLine || document.hidden) return;
    const silent = !this.feed.open || Date.now() - this.heard > POLL_EVERY;
    if (this.behind || !this.feed.open || (silent && !this.unfinished().next().done)) void this.reconcile();
    for (const watch of this.watches) if (silent && watch.unsettled) void watch.refresh();
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
      if (!this.store.read().role) this.store.set({ role: await this.client.role() });
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
        this.applyJob(job);
        unfinished.delete(job.id);
      }
      if (pages === 0) this.horizon = jobs[0]?.created_at;
      cursor = next;
      if (!cursor || horizon === undefined || (jobs.at(-1)?.created_at ?? "") < horizon) break;
    }
    if (horizon === undefined) this.store.set({ loaded: true, cursor: cursor ?? null });
    const asked = [...unfinished].slice(0, ASKED_BY_NAME).map((id) => this.client.job(id));
    for (const answer of await Promise.allSettled(asked)) {
      if (answer.status === "fulfilled") this.applyJob(answer.value);
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
