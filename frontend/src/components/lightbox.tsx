import { type KeyboardEvent, useEffect, useRef } from "react";
import { variantsOf } from "../api/config";
import type { PageConfig } from "../api/contract";
import { useApp } from "../app-context";
import { bytes, duration } from "../format";
import { type Picture, variantNames } from "../store/pictures";
import { useSignedImage } from "./use-signed-image";
import "./lightbox.css";

export interface OpenVariant {
  picture: string;
  variant: string;
}

interface Props {
  pictures: Picture[];
  open: OpenVariant;
  onMove: (open: OpenVariant) => void;
  onClose: () => void;
}

/** Shows one variant in full size. The arrow keys show the previous and next one, through all pictures. */
export function Lightbox({ pictures, open, onMove, onClose }: Props) {
  const { config } = useApp();
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);

  // A dialog that is closed as such returns the focus to the element that had it before.
  const close = () => dialog.current?.close();

  const all = pictures.flatMap((one) => completedVariants(one, config));
  const index = all.findIndex((one) => one.picture === open.picture && one.variant === open.variant);
  const picture = pictures.find((one) => one.key === open.picture);
  const entry = picture?.entry;
  const variant = entry?.variants[open.variant];
  const { broken, ...image } = useSignedImage(entry?.id, variant?.url ?? undefined);
  const gone = !entry || !variant || index < 0;
  useEffect(() => {
    if (gone) onClose();
  }, [gone, onClose]);
  if (gone) return null;

  const title = picture?.upload?.name ?? entry.job?.name ?? "picture";
  const move = (steps: number) => {
    const next = all[index + steps];
    if (next) onMove(next);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "ArrowRight") move(1);
    if (event.key === "ArrowLeft") move(-1);
  };
  const filename = `${title.replace(/\.\w+$/, "")}-${open.variant}.${variant.format ?? "jpg"}`;

  return (
    <dialog
      ref={dialog}
      className="lightbox"
      aria-label={`${open.variant} of ${title}`}
      onClose={onClose}
      onKeyDown={onKeyDown}
    >
      <button type="button" className="stage" onClick={close} aria-label="Close" tabIndex={-1}>
        {broken ? (
          <span>This result was deleted or cannot be loaded.</span>
        ) : (
          <img key={image.src} {...image} alt={`${open.variant} of ${title}`} />
        )}
      </button>
      <div className="controls">
        <button
          type="button"
          className="button quiet"
          onClick={() => move(-1)}
          disabled={index === 0}
          aria-label="Previous"
        >
          ←
        </button>
        <p aria-live="polite">
          <em>{title}</em> <b>{open.variant}</b>
          <span>
            {variant.width} × {variant.height}, {bytes(variant.bytes ?? 0)}
            {variant.duration_ms != null && `, made in ${duration(variant.duration_ms)}`}
            {variant.warnings?.map(({ message }) => ` ${message}`)}
          </span>
        </p>
        <button
          type="button"
          className="button quiet"
          onClick={() => move(1)}
          disabled={index === all.length - 1}
          aria-label="Next"
        >
          →
        </button>
        <a
          className="button quiet"
          href={variant.url ?? undefined}
          download={filename}
          target="_blank"
          rel="noreferrer"
        >
          Download
        </a>
        <button type="button" className="button quiet" onClick={close}>
          Close
        </button>
      </div>
    </dialog>
  );
}

function completedVariants({ key, upload, entry }: Picture, config: PageConfig): OpenVariant[] {
  return variantNames(variantsOf(config, entry?.job?.recipe ?? upload?.recipe), entry)
    .filter((name) => entry?.variants[name]?.url)
    .map((variant) => ({ picture: key, variant }));
}
