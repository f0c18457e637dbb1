import { type KeyboardEvent, useEffect, useRef } from "react";
import { type Config, variantsOf } from "../api/config";
import { useParts } from "../app-context";
import { bytes, duration } from "../format";
import { type Picture, variantNames } from "../store/pictures";
import { useLastingImage } from "./lasting-image";
import "./lightbox.css";

export interface Place {
  picture: string;
  variant: string;
}

interface Props {
  pictures: Picture[];
  place: Place;
  onMove: (place: Place) => void;
  onClose: () => void;
}

/** One variant at a time, large; the arrow keys go on to the next, through all pictures. */
export function Lightbox({ pictures, place, onMove, onClose }: Props) {
  const { config } = useParts();
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);

  // Closing it as a dialog gives the focus back to where it came from.
  const close = () => dialog.current?.close();

  const places = pictures.flatMap((one) => placesOf(one, config));
  const at = places.findIndex((one) => one.picture === place.picture && one.variant === place.variant);
  const picture = pictures.find((one) => one.key === place.picture);
  const entry = picture?.entry;
  const variant = entry?.variants[place.variant];
  const { broken, ...image } = useLastingImage(entry?.id, variant?.url);
  const gone = !entry || !variant || at < 0;
  useEffect(() => {
    if (gone) onClose();
  }, [gone, onClose]);
  if (gone) return null;

  const title = picture?.upload?.name ?? entry.job?.name ?? "picture";
  const move = (steps: number) => {
    const next = places[at + steps];
    if (next) onMove(next);
  };
  const keys = (event: KeyboardEvent) => {
    if (event.key === "ArrowRight") move(1);
    if (event.key === "ArrowLeft") move(-1);
  };
  const filename = `${title.replace(/\.\w+$/, "")}-${place.variant}.${variant.format ?? "jpg"}`;

  return (
    <dialog
      ref={dialog}
      className="lightbox"
      aria-label={`${place.variant} of ${title}`}
      onClose={onClose}
      onKeyDown={keys}
    >
      <button type="button" className="stage" onClick={close} aria-label="Close" tabIndex={-1}>
        {broken ? (
          <span>This result is gone or cannot be loaded.</span>
        ) : (
          <img key={image.src} {...image} alt={`${place.variant} of ${title}`} />
        )}
      </button>
      <div className="bar">
        <button
          type="button"
          className="button quiet"
          onClick={() => move(-1)}
          disabled={at === 0}
          aria-label="Previous"
        >
          ←
        </button>
        <p aria-live="polite">
          <em>{title}</em> <b>{place.variant}</b>
          <span>
            {variant.width} × {variant.height}, {bytes(variant.bytes ?? 0)}
            {variant.duration_ms !== undefined && `, made in ${duration(variant.duration_ms)}`}
          </span>
        </p>
        <button
          type="button"
          className="button quiet"
          onClick={() => move(1)}
          disabled={at === places.length - 1}
          aria-label="Next"
        >
          →
        </button>
        <a className="button quiet" href={variant.url} download={filename} target="_blank" rel="noreferrer">
          Download
        </a>
        <button type="button" className="button quiet" onClick={close}>
          Close
        </button>
      </div>
    </dialog>
  );
}

function placesOf({ key, upload, entry }: Picture, config: Config): Place[] {
  return variantNames(variantsOf(config, entry?.job?.recipe ?? upload?.recipe), entry)
    .filter((name) => entry?.variants[name]?.url)
    .map((variant) => ({ picture: key, variant }));
}
