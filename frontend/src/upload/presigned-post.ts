import {
  BasePlugin,
  type Body,
  type DefinePluginOpts,
  type Meta,
  type PluginOpts,
  type Uppy,
} from "@uppy/core";
import { fetcher, TaskQueue, type UppyFile } from "@uppy/core/utils";
import type { UploadTicket } from "../api/contract";
import { withRetry } from "./retry";

interface Options<M extends Meta, B extends Body> extends PluginOpts {
  /** Requests the presigned form for one file. */
  ticket: (file: UppyFile<M, B>) => Promise<UploadTicket>;
  limit?: number;
}

const defaults = { limit: 4 };

/**
 * An Uppy uploader for presigned POSTs. Each file requests its ticket just before it is sent, so that the signature of
 * the last of a thousand files has not expired. (Uppy's own S3 uploader uses PUTs, which cannot limit the size.)
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
      // A second attempt uses the same ticket, so that one picture makes one job.
      const ticket = this.tickets.get(file.id) ?? (await this.opts.ticket(file));
      this.tickets.set(file.id, ticket);
      const response = await withRetry(() => this.post(ticket, file, signal), isNetworkError);
      this.tickets.delete(file.id);
      this.uppy.emit("upload-success", file, { status: response.status });
    } catch (error) {
      if (!isNetworkError(error)) this.tickets.delete(file.id);
      this.uppy.emit("upload-error", file, error as Error);
    }
  }

  private post(ticket: UploadTicket, file: UppyFile<M, B>, signal: AbortSignal): Promise<XMLHttpRequest> {
    return fetcher(ticket.url, {
      method: "POST",
      body: formOf(ticket, file),
      signal,
      retries: 0,
      onUploadProgress: (event) => this.emitProgress(file, event.loaded / event.total),
    });
  }

  private emitProgress(file: UppyFile<M, B>, fraction: number): void {
    this.uppy.emit("upload-progress", file, {
      uploadStarted: file.progress.uploadStarted ?? Date.now(),
      bytesUploaded: fraction * (file.size ?? 0),
      bytesTotal: file.size,
    });
  }
}

/** True when the connection was lost or the server failed, so that another attempt may succeed. */
function isNetworkError(error: unknown): boolean {
  const request = (error as { request?: XMLHttpRequest }).request;
  return request !== undefined && (request.status === 0 || request.status >= 500);
}

/** The file must be the last field: S3 ignores fields after it. */
function formOf<M extends Meta, B extends Body>(ticket: UploadTicket, file: UppyFile<M, B>): FormData {
  const body = new FormData();
  for (const [name, value] of Object.entries(ticket.fields)) body.append(name, value);
  body.append("file", file.data as Blob, file.name);
  return body;
}
