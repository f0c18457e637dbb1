import { memo } from "react";
import type { TaskStatus, Variant } from "../api/contract";
import { bytes, duration } from "../format";
import { useSignedImage } from "./use-signed-image";
import "./variant-card.css";

interface Props {
  picture: string;
  title: string;
  name: string;
  jobId?: string;
  status: TaskStatus;
  variant?: Variant;
  /** Pixels by which the card is raised above its row. */
  raisedBy: number;
  onOpen: (picture: string, variant: string) => void;
}

const STATUS_TEXT: Record<TaskStatus, string> = {
  pending: "waiting",
  running: "running",
  completed: "",
  failed: "failed",
  skipped: "skipped",
};

/** One variant of a picture: its image, or a placeholder until there is one. */
export const VariantCard = memo(function VariantCard({
  picture,
  title,
  name,
  jobId,
  status,
  variant,
  raisedBy,
  onOpen,
}: Props) {
  const { broken, ...image } = useSignedImage(jobId, variant?.url ?? undefined);
  return (
    <li
      className="variant"
      data-testid="variant"
      data-variant={name}
      data-status={status}
      style={{ translate: `0 ${-raisedBy}px` }}
    >
      <dl>
        <dt title={name}>{name}</dt>
        {status === "completed" && variant ? (
          <>
            {variant.width && (
              <dd>
                {variant.width} × {variant.height}
              </dd>
            )}
            <dd>
              {[
                variant.bytes != null && bytes(variant.bytes),
                variant.duration_ms != null && duration(variant.duration_ms),
              ]
                .filter(Boolean)
                .join(", ")}
            </dd>
            {variant.warnings?.map(({ code, message }) => (
              <dd key={code} className="warning" title={message}>
                {message}
              </dd>
            ))}
          </>
        ) : (
          <dd>{STATUS_TEXT[status]}</dd>
        )}
      </dl>
      {image.src && !broken ? (
        <button type="button" onClick={() => onOpen(picture, name)} aria-label={`Open ${name} of ${title}`}>
          <img {...image} alt="" loading="lazy" decoding="async" />
        </button>
      ) : (
        <span
          className="placeholder"
          title={broken ? "This result cannot be loaded" : variant?.error?.message}
        >
          {broken && "missing"}
        </span>
      )}
    </li>
  );
});
