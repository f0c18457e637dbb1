import { memo } from "react";
import type { TaskStatus, Variant } from "../api/types";
import { bytes, duration } from "../format";
import { useLastingImage } from "./lasting-image";
import "./tile.css";

interface Props {
  picture: string;
  title: string;
  name: string;
  jobId?: string;
  status: TaskStatus;
  variant?: Variant;
  /** How far it stands out of its row, in pixels. */
  lift: number;
  onOpen: (picture: string, variant: string) => void;
}

const WORDS: Record<TaskStatus, string> = {
  pending: "waiting",
  running: "at work",
  completed: "",
  failed: "failed",
  skipped: "skipped",
};

/** One variant: a bud until it is made. */
export const Tile = memo(function Tile({
  picture,
  title,
  name,
  jobId,
  status,
  variant,
  lift,
  onOpen,
}: Props) {
  const { broken, ...image } = useLastingImage(jobId, variant?.url);
  return (
    <li
      className="tile"
      data-testid="variant"
      data-variant={name}
      data-status={status}
      style={{ translate: `0 ${-lift}px` }}
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
            <dd>{[variant.bytes, variant.duration_ms].map(measure).filter(Boolean).join(", ")}</dd>
          </>
        ) : (
          <dd>{WORDS[status]}</dd>
        )}
      </dl>
      {image.src && !broken ? (
        <button type="button" onClick={() => onOpen(picture, name)} aria-label={`Open ${name} of ${title}`}>
          <img {...image} alt="" loading="lazy" decoding="async" />
        </button>
      ) : (
        <span className="bud" title={broken ? "This result cannot be loaded" : variant?.error?.message}>
          {broken && "gone"}
        </span>
      )}
    </li>
  );
});

function measure(value: number | undefined, index: number): string {
  if (value === undefined) return "";
  return index === 0 ? bytes(value) : duration(value);
}
