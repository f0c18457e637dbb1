import { useSyncExternalStore } from "react";
import type { Job, Op, Role, Stats, SystemEvent, Task } from "../api/contract";
import { BatchedStore } from "./batched-store";
import { emptyEntry, type JobEntry, withJob, withTask } from "./records";

/** A picture that is uploaded from this browser. */
export interface Upload {
  readonly id: string;
  readonly name: string;
  readonly size: number;
  readonly recipe: string;
  readonly addedAt: number;
  readonly phase: "waiting" | "sending" | "sent" | "failed" | "refused";
  /** 0 to 1. */
  readonly progress: number;
  /** Set when the API has created the job. */
  readonly jobId?: string;
  readonly error?: string;
  /** URL of a small copy in this browser. */
  readonly preview?: string;
}

export type ConnectionState = "connecting" | "live" | "reconnecting" | "offline";

/** The state that all pages share. A change makes a new object, in which unchanged parts are the same objects. */
export interface State {
  readonly entries: ReadonlyMap<string, JobEntry>;
  readonly uploads: ReadonlyMap<string, Upload>;
  readonly connection: ConnectionState;
  /** False until the first list of jobs has arrived. */
  readonly loaded: boolean;
  /** Cursor of the next page of older jobs; null when there is none. */
  readonly cursor?: string | null;
  /** The role of the token; undefined until the API has answered. */
  readonly role?: Role;
  /** Ids of the jobs that were sent with the task form since the page was opened, newest first. */
  readonly sent: readonly string[];
  /** System events since the page was opened, newest first. */
  readonly events: readonly SystemEvent[];
  readonly ops?: readonly Op[];
  readonly stats?: Stats;
}

/** The most entries of the lists `sent` and `events`. */
const MAX_LIST = 50;

/** Holds the state that all pages share. */
export class AppStore extends BatchedStore<State> {
  private readonly entries = new Map<string, JobEntry>();
  private readonly uploads = new Map<string, Upload>();
  private rest: Omit<State, "entries" | "uploads"> = {
    connection: "connecting",
    loaded: false,
    sent: [],
    events: [],
  };

  /** `keptVariants`: a job with more tasks does not carry their results. */
  constructor(private readonly keptVariants: number) {
    super();
  }

  protected snapshot(): State {
    return { entries: new Map(this.entries), uploads: new Map(this.uploads), ...this.rest };
  }

  entry(id: string): JobEntry | undefined {
    return this.entries.get(id);
  }

  upload(id: string): Upload | undefined {
    return this.uploads.get(id);
  }

  applyJob(job: Job, freshUrls = false): void {
    const entry = this.entries.get(job.id) ?? emptyEntry(job.id);
    this.put(withJob(entry, job, this.keptVariants, freshUrls));
  }

  applyTask(task: Task): void {
    this.put(withTask(this.entries.get(task.job_id) ?? emptyEntry(task.job_id), task, this.keptVariants));
  }

  putUpload(upload: Upload): void {
    this.uploads.set(upload.id, upload);
    this.changed();
  }

  patchUpload(id: string, patch: Partial<Upload>): void {
    const upload = this.uploads.get(id);
    if (upload) this.putUpload({ ...upload, ...patch });
  }

  removeUpload(id: string): void {
    this.uploads.delete(id);
    this.changed();
  }

  addSent(id: string): void {
    this.set({ sent: [id, ...this.rest.sent].slice(0, MAX_LIST) });
  }

  /** The same event may arrive again after a reconnect; it is added once. */
  addEvent(event: SystemEvent): void {
    if (this.rest.events.some((one) => one.id === event.id)) return;
    this.set({ events: [event, ...this.rest.events].slice(0, MAX_LIST) });
  }

  /** Two runs of the ticker may send at the same time; older statistics are ignored. */
  applyStats(stats: Stats): void {
    if (stats.at > (this.rest.stats?.at ?? "")) this.set({ stats });
  }

  set(patch: Partial<Omit<State, "entries" | "uploads">>): void {
    this.rest = { ...this.rest, ...patch };
    this.changed();
  }

  private put(entry: JobEntry): void {
    if (this.entries.get(entry.id) === entry) return;
    this.entries.set(entry.id, entry);
    this.changed();
  }
}

export function useStore(store: AppStore): State {
  return useSyncExternalStore(store.subscribe, store.read);
}
