import Uppy, { type Meta } from "@uppy/core";
import type { UppyFile } from "@uppy/core/utils";
import DropTarget from "@uppy/drop-target";
import { ApiError, type Client, newKey } from "../api/client";
import type { PageConfig, UploadTicket } from "../api/contract";
import { printable } from "../api/printable";
import type { AppStore } from "../store/app-store";
import { checkFile, mediaType } from "./check-file";
import { PresignedPost } from "./presigned-post";
import { preview } from "./preview";
import { withRetry } from "./retry";

type File = UppyFile<Meta, Record<string, never>>;

/** Uploads files that are chosen, dropped or pasted, and records the progress of each in the store. */
export class Uploads {
  readonly uppy: Uppy;
  /** When set, files go to this function instead of being uploaded: the form that is shown uses them. */
  fileHandler?: (file: globalThis.File) => void;
  private added = 0;
  private addedAt?: number;
  private dragLeaveTimer?: ReturnType<typeof setTimeout>;

  constructor(
    private readonly config: PageConfig,
    private readonly client: Client,
    private readonly store: AppStore,
    private readonly onDrag: (over: boolean) => void,
  ) {
    this.uppy = new Uppy({ autoProceed: true, onBeforeFileAdded: this.addFile })
      .use(PresignedPost<Meta, Record<string, never>>, { ticket: this.ticket })
      .use(DropTarget, {
        target: document.body,
        onDragOver: () => this.drag(true),
        onDragLeave: () => this.drag(false),
        onDrop: () => this.drag(false),
      })
      .on("upload-progress", (file, progress) => {
        if (file && progress.bytesTotal) {
          store.patchUpload(file.id, {
            phase: "sending",
            progress: progress.bytesUploaded / progress.bytesTotal,
          });
        }
      })
      .on("upload-success", (file) => file && this.onSent(file))
      .on("upload-error", (file, error) => {
        if (file) store.patchUpload(file.id, { phase: "failed", error: errorText(error) });
      });
    this.recipe = "default";
    document.addEventListener("paste", this.onPaste);
  }

  /** Sets the recipe of files that are added later. */
  set recipe(name: string) {
    this.uppy.setMeta({ recipe: name });
  }

  retry(id: string): void {
    this.store.patchUpload(id, { phase: "waiting", progress: 0, error: undefined });
    void this.uppy.retryUpload(id);
  }

  dismiss(id: string): void {
    const previewUrl = this.store.upload(id)?.preview;
    if (previewUrl) URL.revokeObjectURL(previewUrl);
    this.uppy.removeFile(id);
    this.store.removeUpload(id);
  }

  close(): void {
    document.removeEventListener("paste", this.onPaste);
    this.uppy.destroy();
  }

  /** Browsers report a leave for each element that the pointer crosses, so a leave counts only when no enter follows. */
  private drag(over: boolean): void {
    clearTimeout(this.dragLeaveTimer);
    if (over) this.onDrag(true);
    else this.dragLeaveTimer = setTimeout(() => this.onDrag(false), 120);
  }

  /** Adds a card for every file, and uploads those that pass the check. The same file may be added twice. */
  private addFile = (file: File): File | false => {
    if (this.fileHandler) {
      this.fileHandler(file.data as globalThis.File);
      return false;
    }
    const order = this.added++;
    const added = { ...file, type: mediaType(file), id: `${file.id}-${order}` };
    const refused = checkFile({ type: added.type, size: file.size ?? 0 }, this.config);
    this.store.putUpload({
      id: added.id,
      name: printable(file.name),
      size: file.size ?? 0,
      recipe: String(file.meta.recipe),
      addedAt: this.batchTime() - order / 1000,
      phase: refused ? "refused" : "waiting",
      progress: 0,
      error: refused,
    });
    if (refused) return false;
    void preview(file.data as Blob).then((url) => this.store.patchUpload(added.id, { preview: url }));
    return added;
  };

  /** Returns one time for all files that are added together, so that they keep their order. */
  private batchTime(): number {
    if (this.addedAt === undefined) queueMicrotask(() => (this.addedAt = undefined));
    this.addedAt ??= Date.now();
    return this.addedAt;
  }

  private ticket = async (file: File): Promise<UploadTicket> => {
    const recipe = String(file.meta.recipe);
    const request = {
      filename: file.name,
      content_type: file.type,
      size: file.size ?? 0,
      ...(recipe !== "default" && { recipe }),
    };
    this.store.patchUpload(file.id, { phase: "sending" });
    const key = newKey();
    const ticket = await withRetry(
      () => this.client.requestUpload(request, key),
      (error) => error instanceof ApiError && error.transient,
    );
    this.store.patchUpload(file.id, { jobId: ticket.job_id });
    return ticket;
  };

  private onSent(file: File): void {
    this.store.patchUpload(file.id, { phase: "sent", progress: 1 });
    this.uppy.removeFile(file.id);
  }

  private onPaste = (event: ClipboardEvent): void => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length) this.uppy.addFiles(files.map((data) => ({ name: data.name, type: data.type, data })));
  };
}

/** Returns the API's error message, or describes the error of the bucket or the network. */
function errorText(error: { message: string }): string {
  if (error instanceof ApiError) return error.message;
  const status = (error as { request?: XMLHttpRequest }).request?.status;
  if (status === 403)
    return "The upload URL has expired: it is valid for an hour at most. Add the file again.";
  if (status === 400)
    return "The bucket refused this file, because its size or type differs from the upload request.";
  return "The connection was lost before the whole picture was sent.";
}
