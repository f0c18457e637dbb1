import type { Upload } from "../store/app-store";
import type { JobEntry } from "../store/records";
import { useSignedImage } from "./use-signed-image";

interface Props {
  upload?: Upload;
  entry?: JobEntry;
  name: string;
  /** The variant that is shown when this browser does not have the original picture. */
  fallback?: string;
}

/** The original picture, small and round, in a ring that shows the progress of its upload. */
export function Original({ upload, entry, name, fallback }: Props) {
  const variant = fallback === undefined ? undefined : entry?.variants[fallback];
  const { broken, ...image } = useSignedImage(entry?.id, variant?.url ?? undefined);
  const sending = upload?.phase === "sending" || upload?.phase === "waiting";
  return (
    <div className="original">
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
