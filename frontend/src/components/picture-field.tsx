import { useEffect, useId, useRef, useState } from "react";
import { useFiles, useUmbel } from "../app-context";
import { bytes } from "../format";
import { LARGEST_INSIDE } from "../forms/request";
import { preview } from "../upload/preview";
import { Help } from "./field";

interface Props {
  label: string;
  /** Media types that the file may have. */
  accept: readonly string[];
  value: string;
  file?: File;
  fault?: string;
  help?: string;
  onChange: (value: string, file?: File) => void;
}

/** An input that is a file: its key in the uploads bucket, its URL, or the file itself inside the request. */
export function PictureField({ label, accept, value, file, fault, help, onChange }: Props) {
  const id = useId();
  const chooser = useRef<HTMLInputElement>(null);
  const known = useKnownKeys();
  const take = useRef((dropped: File) => onChange("", dropped));
  take.current = (dropped) => onChange("", dropped);
  useFiles(useStable((dropped: File) => take.current(dropped)));
  return (
    <div className="field" data-field="">
      <label htmlFor={id}>{label}</label>
      {file ? (
        <Chosen file={file} onRemove={() => onChange("")} />
      ) : (
        <div className="with-button">
          <input
            id={id}
            value={value}
            placeholder="uploads/photo.jpg or https://…"
            list={`${id}-known`}
            spellCheck={false}
            autoComplete="off"
            aria-invalid={fault !== undefined}
            aria-describedby={`${id}-help ${id}-fault`}
            onChange={(event) => onChange(event.target.value)}
          />
          <button type="button" className="button" onClick={() => chooser.current?.click()}>
            Choose a file
          </button>
        </div>
      )}
      <datalist id={`${id}-known`}>
        {known.map((key) => (
          <option key={key} value={key} />
        ))}
      </datalist>
      <input
        ref={chooser}
        type="file"
        accept={accept.join()}
        className="visually-hidden"
        tabIndex={-1}
        aria-label="Choose a picture to send along"
        onChange={(event) => {
          const [chosen] = event.target.files ?? [];
          if (chosen) onChange("", chosen);
          event.target.value = "";
        }}
      />
      <Help
        id={id}
        help={`${help ? `${help}; or` : "Or"} a file of at most ${bytes(LARGEST_INSIDE)}, dropped anywhere`}
        fault={fault}
      />
    </div>
  );
}

function Chosen({ file, onRemove }: { file: File; onRemove: () => void }) {
  const [shown, setShown] = useState<string>();
  useEffect(() => {
    let gone = false;
    const made = preview(file);
    void made.then((url) => !gone && setShown(url));
    return () => {
      gone = true;
      void made.then((url) => url && URL.revokeObjectURL(url));
    };
  }, [file]);
  return (
    <p className="file">
      {shown && <img src={shown} alt="" />}
      <b>{file.name}</b>
      <small>{bytes(file.size)}</small>
      <button type="button" className="button quiet" onClick={onRemove}>
        Remove
      </button>
    </p>
  );
}

/** Pictures that were uploaded lately. */
function useKnownKeys(): string[] {
  const { entries } = useUmbel();
  const keys = new Set<string>();
  for (const { job } of [...entries.values()].reverse()) {
    if (job?.kind === "upload" && job.source && keys.size < 20) keys.add(job.source);
  }
  return [...keys];
}

/** The function as it was at first, for ever. */
function useStable<T>(made: T): T {
  return useState(() => made)[0];
}
