import {
  BasePlugin,
  type Body,
  type DefinePluginOpts,
  type Meta,
  type PluginOpts,
  type Uppy,
} from "@uppy/core";
import { fetcher, TaskQueue, type UppyFile } from "@uppy/core/utils";
import type { UploadTicket } from "../api/types";
import { patiently } from "./patience";

interface Options<M extends Meta, B extends Body> extends PluginOpts {
  /** Asks for the place where one file goes. */
  ticket: (file: UppyFile<M, B>) => Promise<UploadTicket>;
  limit?: number;
}

const defaults = { limit: 4 };

/**
 * Uppy's uploader for presigned POSTs: each file asks for its ticket when its turn comes, so that the last of a
 * thousand files does not find its signature expired. (Uppy's own S3 uploader signs PUTs, which cannot limit a size.)
 */
export class PresignedPost<M extends Meta, B extends Body> extends BasePlugin<
  DefinePluginOpts<Options<M, B>, keyof typeof defaults>,
  M,
  B
> {
  private readonly queue: TaskQueue;
  private readonly tickets = new Map<string, UploadTicket>();

  constructor(uppy: Uppy<M, B>, options: Options<M, B>) {
    super(uppy, { ...defaults, ...options });
    this.type = "uploader";
    this.id = "PresignedPost";
    this.queue = new TaskQueue({ concurrency: this.opts.limit });
  }

  override install(): void {
    this.uppy.addUploader(this.upload);
  }

  override uninstall(): void {
    this.uppy.removeUploader(this.upload);
    this.queue.clear();
  }

  private upload = async (ids: string[]): Promise<void> => {
    const files = this.uppy.getFilesByIds(ids).filter((file) => !file.error && !file.progress.uploadComplete);
    this.uppy.emit("upload-start", files);
    await Promise.allSettled(files.map((file) => this.queue.add((signal) => this.send(file, signal))));
  };

  private async send(file: UppyFile<M, B>, signal: AbortSignal): Promise<void> {
    try {
      // A second attempt goes to the same place: one picture, one job.
      const ticket = this.tickets.get(file.id) ?? (await this.opts.ticket(file));
      this.tickets.set(file.id, ticket);
      const answer = await patiently(() => this.post(ticket, file, signal), interrupted);
      this.tickets.delete(file.id);
      this.uppy.emit("upload-success", file, { status: answer.status });
    } catch (error) {
      if (!interrupted(error)) this.tickets.delete(file.id);
      this.uppy.emit("upload-error", file, error as Error);
    }
  }

  private post(ticket: UploadTicket, file: UppyFile<M, B>, signal: AbortSignal): Promise<XMLHttpRequest> {
    return fetcher(ticket.url, {
      method: "POST",
      body: form(ticket, file),
      signal,
      retries: 0,
      onUploadProgress: (event) => this.progressed(file, event.loaded / event.total),
    });
  }

  private progressed(file: UppyFile<M, B>, share: number): void {
    this.uppy.emit("upload-progress", file, {
      uploadStarted: file.progress.uploadStarted ?? Date.now(),
      bytesUploaded: share * (file.size ?? 0),
      bytesTotal: file.size,
    });
  }
}

/** The connection or the server broke; nobody refused. */
function interrupted(error: unknown): boolean {
  const request = (error as { request?: XMLHttpRequest }).request;
  return request !== undefined && (request.status === 0 || request.status >= 500);
}

/** The bucket reads the fields up to the file and ignores what comes after it. */
function form<M extends Meta, B extends Body>(ticket: UploadTicket, file: UppyFile<M, B>): FormData {
  const body = new FormData();
  for (const [name, value] of Object.entries(ticket.fields)) body.append(name, value);
  body.append("file", file.data as Blob, file.name);
  return body;
}
