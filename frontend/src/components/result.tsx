import type { ResultWarning } from "../api/contract";
import { bytes } from "../format";
import "./result.css";

const MAX_LENGTH = 600;

interface PictureResult {
  url: string;
  width?: number;
  height?: number;
  bytes?: number;
  format?: string;
  frames?: number;
  warnings?: ResultWarning[];
}

/** The result of a task: a picture, an object, or a plain value. */
export function Result({ value, of }: { value: unknown; of: string }) {
  if (isPicture(value)) return <PictureOf picture={value} of={of} />;
  if (value !== null && typeof value === "object" && !Array.isArray(value)) {
    return (
      <dl className="record">
        {Object.entries(value).map(([name, one]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{textOf(one)}</dd>
          </div>
        ))}
      </dl>
    );
  }
  return <output className="value">{textOf(value)}</output>;
}

function PictureOf({ picture, of }: { picture: PictureResult; of: string }) {
  const details = [
    picture.width && `${picture.width} × ${picture.height}`,
    picture.bytes && bytes(picture.bytes),
    picture.format,
    picture.frames && picture.frames > 1 && `${picture.frames} frames`,
  ];
  return (
    <a className="picture" href={picture.url} target="_blank" rel="noreferrer">
      <img src={picture.url} alt={`Result of ${of}`} loading="lazy" decoding="async" />
      <span>{details.filter(Boolean).join(", ")}</span>
      {picture.warnings?.map(({ code, message }) => (
        <span key={code} className="warning">
          {message}
        </span>
      ))}
    </a>
  );
}

export function isPicture(value: unknown): value is PictureResult {
  return typeof (value as PictureResult | null)?.url === "string" && "key" in (value as object);
}

/** Returns a value as text, cut at `maxLength` characters. */
export function textOf(value: unknown, maxLength = MAX_LENGTH): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > maxLength ? `${text.slice(0, maxLength)}…` : text;
}
