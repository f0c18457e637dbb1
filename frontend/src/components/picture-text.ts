import type { TaskStatus } from "../api/contract";
import { bytes, formatTime } from "../format";
import type { Upload } from "../store/app-store";
import type { PictureStatus } from "../store/pictures";
import type { JobEntry } from "../store/records";

/** Returns why a picture failed: the error of its upload, or the errors of its job and variants. */
export function errorText(status: PictureStatus, upload?: Upload, entry?: JobEntry): string | undefined {
  if (status !== "failed") return undefined;
  if (upload?.error) return upload.error;
  const errors = [
    ...(entry?.job?.errors ?? []),
    ...Object.values(entry?.variants ?? {}).map((variant) => variant.error),
  ];
  const sentences = new Set(errors.flatMap((error) => error?.message ?? []));
  return [...sentences].join(" ") || "This picture could not be processed.";
}

/** Describes the progress of a picture in a few words. */
export function progressText(
  status: PictureStatus,
  variants: { status: TaskStatus }[],
  upload?: Upload,
  entry?: JobEntry,
): string {
  const size = upload ? bytes(upload.size) : "";
  if (upload?.phase === "waiting") return `${size}, waiting`;
  if (upload?.phase === "sending" && status === "uploading") {
    return `${Math.round(upload.progress * 100)} % of ${size} sent`;
  }
  const done = variants.filter((variant) => variant.status === "completed").length;
  const time = entry?.job && formatTime(Date.parse(entry.job.created_at));
  const words: Record<PictureStatus, string> = {
    uploading: "",
    pending: "in the queue",
    running: `${done} of ${variants.length}`,
    completed: `${done} ${done === 1 ? "variant" : "variants"}`,
    failed: done > 0 ? `${done} of ${variants.length}` : upload?.phase === "refused" ? "not sent" : "failed",
    cancelled: "cancelled",
  };
  return [words[status], size, time].filter(Boolean).join(", ");
}
