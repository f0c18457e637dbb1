import { useSyncExternalStore } from "react";
import type { JobMessage, OpCard, Role, Stats, SystemEvent, TaskMessage } from "../api/types";
import { BatchedStore } from "./batched-store";
import { type Entry, unknownEntry, withJob, withTask } from "./records";

/** A picture on its way from this browser; it has a job as soon as the API has given it one. */
export interface Upload {
  readonly id: string;
  readonly name: string;
  readonly size: number;
  readonly recipe: string;
  readonly addedAt: number;
  readonly phase: "waiting" | "sending" | "sent" | "failed" | "refused";
  /** 0 to 1. */
  readonly progress: number;
  readonly jobId?: string;
  readonly sentence?: string;
  /** A small local picture of it. */
  readonly preview?: string;
}

export type Connection = "connecting" | "live" | "reconnecting" | "offline";

/** What the page shows; a new object per change, its unchanged parts the same. */
export interface State {
  readonly entries: ReadonlyMap<string, Entry>;
  readonly uploads: ReadonlyMap<string, Upload>;
  readonly connection: Connection;
  /** False until the first answer about jobs. */
  readonly loaded: boolean;
  /** Where the next page of older jobs begins. */
  readonly cursor?: string | null;
  /** What this token may do; undefined until the API has said it. */
  readonly role?: Role;
  /** Jobs of single tasks that were sent from here, newest first. */
  readonly sent: readonly string[];
  /** What happened to the deployment since the page was opened, newest first. */
  readonly events: readonly SystemEvent[];
  readonly ops?: readonly OpCard[];
  readonly stats?: Stats;
}

/** Lists of what has happened keep this many. */
const KEPT = 50;

/** Holds what all pages share. */
export class Store extends BatchedStore<State> {
  private readonly entries = new Map<string, Entry>();
  private readonly uploads = new Map<string, Upload>();
  private rest: Omit<State, "entries" | "uploads"> = {
    connection: "connecting",
    loaded: false,
    sent: [],
    events: [],
  };

  protected picture(): State {
    return { entries: new Map(this.entries), uploads: new Map(this.uploads), ...this.rest };
  }

  entry(id: string): Entry | undefined {
    return this.entries.get(id);
  }

  upload(id: string): Upload | undefined {
    return this.uploads.get(id);
  }

  applyJob(message: JobMessage, freshUrls = false): void {
    const entry = this.entries.get(message.id) ?? unknownEntry(message.id);
    this.put(withJob(entry, message, freshUrls));
  }

  applyTask(task: TaskMessage): void {
    this.put(withTask(this.entries.get(task.job_id) ?? unknownEntry(task.job_id), task));
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
    this.set({ sent: [id, ...this.rest.sent].slice(0, KEPT) });
  }

  /** A socket that reconnects may hear of the same event again. */
  addEvent(event: SystemEvent): void {
    if (this.rest.events.some((one) => one.id === event.id)) return;
    this.set({ events: [event, ...this.rest.events].slice(0, KEPT) });
  }

  /** Two runs of the ticker may speak across each other: what is older changes nothing. */
  applyStats(stats: Stats): void {
    if (stats.at > (this.rest.stats?.at ?? "")) this.set({ stats });
  }

  set(patch: Partial<Omit<State, "entries" | "uploads">>): void {
    this.rest = { ...this.rest, ...patch };
    this.changed();
  }

  private put(entry: Entry): void {
    if (this.entries.get(entry.id) === entry) return;
    this.entries.set(entry.id, entry);
    this.changed();
  }
}

export function useStore(store: Store): State {
  return useSyncExternalStore(store.subscribe, store.read);
}
