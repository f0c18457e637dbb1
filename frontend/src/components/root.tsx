import type { Entry } from "../store/records";
import type { Upload } from "../store/store";
import { useLastingImage } from "./lasting-image";

interface Props {
  upload?: Upload;
  entry?: Entry;
  name: string;
  /** The variant that stands in for a picture which did not come from here. */
  stand?: string;
}

/** Where the stalks meet: the picture itself, in a ring that fills while it is sent. */
export function Root({ upload, entry, name, stand }: Props) {
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

function extensionOf(name: string): string {
  return /\.(\w{1,4})$/.exec(name)?.[1] ?? "?";
}
