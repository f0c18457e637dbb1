import type { TaskStatus } from "../api/types";
import { bytes, moment } from "../format";
import type { PictureStatus } from "../store/pictures";
import type { Entry } from "../store/records";
import type { Upload } from "../store/store";

/** Why a picture failed, in the sentences of whoever refused it. */
export function sentenceOf(status: PictureStatus, upload?: Upload, entry?: Entry): string | undefined {
  if (status !== "failed") return undefined;
  if (upload?.sentence) return upload.sentence;
  const faults = [
    ...(entry?.job?.errors ?? []),
    ...Object.values(entry?.variants ?? {}).map((one) => one.error),
  ];
  const sentences = new Set(faults.flatMap((fault) => fault?.message ?? []));
  return [...sentences].join(" ") || "This picture could not be worked on.";
}

/** How a picture stands, in a few words. */
export function stateOf(
  status: PictureStatus,
  tiles: { status: TaskStatus }[],
  upload?: Upload,
  entry?: Entry,
): string {
  const size = upload ? bytes(upload.size) : "";
  if (upload?.phase === "waiting") return `${size}, waiting`;
  if (upload?.phase === "sending" && status === "uploading") {
    return `${Math.round(upload.progress * 100)} % of ${size} sent`;
  }
  const done = tiles.filter((tile) => tile.status === "completed").length;
  const when = entry?.job && moment(Date.parse(entry.job.created_at));
  const words: Record<PictureStatus, string> = {
    uploading: "",
    pending: "in the queue",
    running: `${done} of ${tiles.length}`,
    completed: `${done} ${done === 1 ? "variant" : "variants"}`,
    failed: done > 0 ? `${done} of ${tiles.length}` : upload?.phase === "refused" ? "not sent" : "failed",
    cancelled: "cancelled",
  };
  return [words[status], size, when].filter(Boolean).join(", ");
}
