import { memo } from "react";
import { variantsOf } from "../api/config";
import { useApp } from "../app-context";
import type { Upload } from "../store/app-store";
import { statusOf, variantNames, variantStatus } from "../store/pictures";
import type { JobEntry } from "../store/records";
import { Connectors, raisedBy } from "./connectors";
import { Original } from "./original";
import "./picture-card.css";
import { errorText, progressText } from "./picture-text";
import { VariantCard } from "./variant-card";

const MAX_COLUMNS = 5;

interface Props {
  id: string;
  upload?: Upload;
  entry?: JobEntry;
  onOpen: (id: string, variant: string) => void;
}

/** One picture: its variants above, the original below, and a line from the original to each variant. */
export const PictureCard = memo(function PictureCard({ id, upload, entry, onOpen }: Props) {
  const { config, uploads } = useApp();
  const status = statusOf({ key: id, upload, entry });
  const known = entry?.variants ?? {};
  const names = variantNames(variantsOf(config, entry?.job?.recipe ?? upload?.recipe), entry);
  const variants = names.map((name) => ({ name, status: variantStatus(status, known[name]?.status) }));
  const rows = Math.ceil(variants.length / MAX_COLUMNS);
  const columns = Math.ceil(variants.length / rows) || 0;
  const lastRow = variants.slice(-columns).map((variant) => variant.status);
  const name = upload?.name ?? entry?.job?.name ?? id;
  const error = errorText(status, upload, entry);

  return (
    <li
      className="picture-card"
      data-testid="picture"
      data-job={upload?.jobId ?? entry?.id}
      data-status={status}
    >
      {columns > 0 && upload?.phase !== "refused" && (
        <div className="variant-tree" data-columns={columns}>
          <ul className="variants">
            {variants.map((variant, index) => (
              <VariantCard
                key={variant.name}
                picture={id}
                title={name}
                name={variant.name}
                jobId={entry?.id}
                status={variant.status}
                variant={known[variant.name]}
                raisedBy={rows === 1 ? raisedBy(index, columns) : 0}
                onOpen={onOpen}
              />
            ))}
          </ul>
          <Connectors statuses={lastRow} curved={rows === 1} />
        </div>
      )}
      <Original upload={upload} entry={entry} name={name} fallback={names.find((one) => known[one]?.url)} />
      <div className="caption">
        <h2 title={name}>{name}</h2>
        <p className="state">{progressText(status, variants, upload, entry)}</p>
        {error && (
          <p className="error-text" role="alert" data-testid="error">
            {error}
          </p>
        )}
        {(status === "pending" || status === "running") && (
          <p className="slow">This takes longer than usual. The picture is still in the queue.</p>
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
