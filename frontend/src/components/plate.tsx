import { memo } from "react";
import { variantsOf } from "../api/config";
import type { TaskStatus } from "../api/types";
import { bytes, moment } from "../format";
import { useParts } from "../parts";
import { type PictureStatus, statusOf, tileStatus } from "../store/pictures";
import type { Entry } from "../store/records";
import type { Upload } from "../store/store";
import { useLastingImage } from "./lasting-image";
import "./plate.css";
import { lift, Stalks } from "./stalks";
import { Tile } from "./tile";

interface Props {
  id: string;
  upload?: Upload;
  entry?: Entry;
  onOpen: (id: string, variant: string) => void;
}

/** One picture as a botanical plate: its variants in bloom above, the picture that they spring from below. */
export const Plate = memo(function Plate({ id, upload, entry, onOpen }: Props) {
  const { config, uploads } = useParts();
  const status = statusOf({ key: id, upload, entry });
  const known = entry?.variants ?? {};
  const names = namesOf(variantsOf(config, entry?.job?.recipe ?? upload?.recipe), Object.keys(known), entry);
  const tiles = names.map((name) => ({ name, status: tileStatus(status, known[name]?.status) }));
  const rows = Math.ceil(tiles.length / 5);
  const columns = Math.ceil(tiles.length / rows) || 0;
  const stalks = tiles.slice(-columns).map((tile) => tile.status);
  const name = upload?.name ?? entry?.job?.name ?? id;
  const sentence = sentenceOf(status, upload, entry);

  return (
    <li className="plate" data-testid="picture" data-job={upload?.jobId ?? entry?.id} data-status={status}>
      {columns > 0 && upload?.phase !== "refused" && (
        <div className="umbel" data-columns={columns}>
          <ul className="tiles">
            {tiles.map((tile, index) => (
              <Tile
                key={tile.name}
                picture={id}
                title={name}
                name={tile.name}
                jobId={entry?.id}
                status={tile.status}
                variant={known[tile.name]}
                lift={rows === 1 ? lift(index, columns) : 0}
                onOpen={onOpen}
              />
            ))}
          </ul>
          <Stalks statuses={stalks} domed={rows === 1} />
        </div>
      )}
      <Root upload={upload} entry={entry} name={name} stand={names.find((one) => known[one]?.url)} />
      <div className="caption">
        <h2 title={name}>{name}</h2>
        <p className="state">{stateOf(status, tiles, upload, entry)}</p>
        {sentence && (
          <p className="sentence" role="alert" data-testid="sentence">
            {sentence}
          </p>
        )}
        {(status === "pending" || status === "running") && (
          <p className="slow">This takes longer than usual. Nothing is lost; it waits for its turn.</p>
        )}
      </div>
      {(upload?.phase === "failed" || upload?.phase === "refused") && (
        <div className="actions">
          {upload.phase === "failed" && (
            <button type="button" className="button quiet" onClick={() => uploads.retry(upload.id)}>
              Try again
            </button>
          )}
          <button type="button" className="button quiet" onClick={() => uploads.dismiss(upload.id)}>
            Dismiss
          </button>
        </div>
      )}
    </li>
  );
});

interface RootProps {
  upload?: Upload;
  entry?: Entry;
  name: string;
  /** The variant that stands in for a picture which did not come from here. */
  stand?: string;
}

/** Where the stalks meet: the picture itself, in a ring that fills while it is sent. */
function Root({ upload, entry, name, stand }: RootProps) {
  const { broken, ...image } = useLastingImage(entry?.id, stand && entry?.variants[stand]?.url);
  const sending = upload?.phase === "sending" || upload?.phase === "waiting";
  return (
    <div className="root">
      {upload?.preview ? (
        <img src={upload.preview} alt="" decoding="async" />
      ) : image.src && !broken ? (
        <img {...image} alt="" decoding="async" loading="lazy" />
      ) : (
        <span>{extensionOf(name)}</span>
      )}
      {sending && (
        <svg
          viewBox="0 0 36 36"
          role="progressbar"
          aria-label={`Sending ${name}`}
          aria-valuenow={Math.round(upload.progress * 100)}
        >
          <circle cx="18" cy="18" r="17" pathLength={1} />
          <circle cx="18" cy="18" r="17" pathLength={1} strokeDasharray={`${upload.progress} 1`} />
        </svg>
      )}
    </div>
  );
}

/** The recipe's order, then what the job has beside it (its recipe may have changed since). */
function namesOf(recipe: string[], known: string[], entry?: Entry): string[] {
  const strangers = known.filter((name) => !recipe.includes(name)).sort();
  const unrelated =
    entry?.job?.kind === "image" || (strangers.length > 0 && known.length === entry?.job?.counts.total);
  if (unrelated) return [...recipe.filter((name) => known.includes(name)), ...strangers];
  return [...recipe, ...strangers];
}

function extensionOf(name: string): string {
  return /\.(\w{1,4})$/.exec(name)?.[1] ?? "?";
}

function sentenceOf(status: PictureStatus, upload?: Upload, entry?: Entry): string | undefined {
  if (status !== "failed") return undefined;
  if (upload?.sentence) return upload.sentence;
  const faults = [
    ...(entry?.job?.errors ?? []),
    ...Object.values(entry?.variants ?? {}).map((one) => one.error),
  ];
  const sentences = new Set(faults.flatMap((fault) => fault?.message ?? []));
  return [...sentences].join(" ") || "This picture could not be worked on.";
}

function stateOf(
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
