import { useSyncExternalStore } from "react";
import type { JobMessage, TaskMessage } from "../api/types";
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
}

/** Holds the state and tells React at most once per frame, however many messages came in it. */
export class Store {
  private entries = new Map<string, Entry>();
  private uploads = new Map<string, Upload>();
  private rest: Omit<State, "entries" | "uploads"> = { connection: "connecting", loaded: false };
  private state: State = { entries: this.entries, uploads: this.uploads, ...this.rest };
  private listeners = new Set<() => void>();
  private scheduled = false;

  read = (): State => this.state;

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

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

  set(patch: Partial<Omit<State, "entries" | "uploads">>): void {
    this.rest = { ...this.rest, ...patch };
    this.changed();
  }

  private put(entry: Entry): void {
    if (this.entries.get(entry.id) === entry) return;
    this.entries.set(entry.id, entry);
    this.changed();
  }

  private changed(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    // A hidden page gets no animation frames, and must not fall behind for it.
    if (document.hidden) setTimeout(this.flush, 200);
    else requestAnimationFrame(this.flush);
  }

  private flush = (): void => {
    this.scheduled = false;
    this.state = { entries: new Map(this.entries), uploads: new Map(this.uploads), ...this.rest };
    for (const listener of this.listeners) listener();
  };
}

export function useStore(store: Store): State {
  return useSyncExternalStore(store.subscribe, store.read);
}
