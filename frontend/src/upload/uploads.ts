import Uppy, { type Meta } from "@uppy/core";
import type { UppyFile } from "@uppy/core/utils";
import DropTarget from "@uppy/drop-target";
import { ApiError, type Client } from "../api/client";
import type { Config } from "../api/config";
import type { UploadTicket } from "../api/types";
import type { Store } from "../store/store";
import { patiently } from "./patience";
import { PresignedPost } from "./presigned";
import { preview } from "./preview";
import { refusal } from "./refusal";

type File = UppyFile<Meta, Record<string, never>>;

/** From a chosen, dropped or pasted file to its place in the bucket, told to the store step by step. */
export class Uploads {
  readonly uppy: Uppy;
  /** Takes the files in place of an upload while a form that wants them is shown. */
  taker?: (file: globalThis.File) => void;
  private added = 0;
  private addedAt?: number;
  private leaving?: ReturnType<typeof setTimeout>;

  constructor(
    private readonly config: Config,
    private readonly client: Client,
    private readonly store: Store,
    private readonly onDrag: (over: boolean) => void,
  ) {
    this.uppy = new Uppy({ autoProceed: true, onBeforeFileAdded: this.admit })
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
      .on("upload-success", (file) => file && this.sent(file))
      .on("upload-error", (file, error) => {
        if (file) store.patchUpload(file.id, { phase: "failed", sentence: sentence(error) });
      });
    this.recipe = "default";
    document.addEventListener("paste", this.pasted);
  }

  /** The recipe of what is added from now on. */
  set recipe(name: string) {
    this.uppy.setMeta({ recipe: name });
  }

  retry(id: string): void {
    this.store.patchUpload(id, { phase: "waiting", progress: 0, sentence: undefined });
    void this.uppy.retryUpload(id);
  }

  dismiss(id: string): void {
    const shown = this.store.upload(id)?.preview;
    if (shown) URL.revokeObjectURL(shown);
    this.uppy.removeFile(id);
    this.store.removeUpload(id);
  }

  close(): void {
    document.removeEventListener("paste", this.pasted);
    this.uppy.destroy();
  }

  /** Moving on to another element of the page also counts as leaving; the next moment tells. */
  private drag(over: boolean): void {
    clearTimeout(this.leaving);
    if (over) this.onDrag(true);
    else this.leaving = setTimeout(() => this.onDrag(false), 120);
  }

  /** Every file gets a card; only one that can become a picture is taken. The same file twice is two pictures. */
  private admit = (file: File): File | false => {
    if (this.taker) {
      this.taker(file.data as globalThis.File);
      return false;
    }
    const order = this.added++;
    const admitted = { ...file, id: `${file.id}-${order}` };
    const refused = refusal({ type: file.type, size: file.size ?? 0 }, this.config);
    this.store.putUpload({
      id: admitted.id,
      name: file.name,
      size: file.size ?? 0,
      recipe: String(file.meta.recipe),
      addedAt: this.moment() - order / 1000,
      phase: refused ? "refused" : "waiting",
      progress: 0,
      sentence: refused,
    });
    if (refused) return false;
    void preview(file.data as Blob).then((url) => this.store.patchUpload(admitted.id, { preview: url }));
    return admitted;
  };

  /** The same for all files that are added at once, so that their order decides: the first stands first. */
  private moment(): number {
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
    const ticket = await patiently(
      () => this.client.requestUpload(request),
      (error) => error instanceof ApiError && error.transient,
    );
    this.store.patchUpload(file.id, { jobId: ticket.job_id });
    return ticket;
  };

  private sent(file: File): void {
    this.store.patchUpload(file.id, { phase: "sent", progress: 1 });
    this.uppy.removeFile(file.id);
  }

  private pasted = (event: ClipboardEvent): void => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length) this.uppy.addFiles(files.map((data) => ({ name: data.name, type: data.type, data })));
  };
}

/** The API's own sentence, or ours for what the bucket or the network did. */
function sentence(error: { message: string }): string {
  if (error instanceof ApiError) return error.message;
  const status = (error as { request?: XMLHttpRequest }).request?.status;
  if (status === 403) return "The upload's permission has expired.";
  if (status === 400)
    return "The bucket refused this file: its size or type is not the one that was announced.";
  return "The connection broke before the whole picture was sent.";
}
