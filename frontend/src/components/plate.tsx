import { memo } from "react";
import { variantsOf } from "../api/config";
import { useParts } from "../app-context";
import { statusOf, tileStatus, variantNames } from "../store/pictures";
import type { Entry } from "../store/records";
import type { Upload } from "../store/store";
import "./plate.css";
import { sentenceOf, stateOf } from "./plate-words";
import { Root } from "./root";
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
  const names = variantNames(variantsOf(config, entry?.job?.recipe ?? upload?.recipe), entry);
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
