import { useEffect, useId, useRef, useState } from "react";
import { printable } from "../api/printable";
import { useApp, useAppState, useDroppedFiles } from "../app-context";
import { bytes } from "../format";
import { preview } from "../upload/preview";
import { Help } from "./field";

interface Props {
  label: string;
  /** Media types that the file may have. */
  accept: readonly string[];
  value: string;
  file?: File;
  error?: string;
  help?: string;
  onChange: (value: string, file?: File) => void;
}

/** An input that is a file: a key in the uploads bucket, a URL, or a file that is sent inside the request. */
export function PictureField({ label, accept, value, file, error, help, onChange }: Props) {
  const id = useId();
  const fileInput = useRef<HTMLInputElement>(null);
  const { max_inline_picture_bytes, uploads_prefix } = useApp().config.limits;
  const recentKeys = useRecentKeys();
  const handleDrop = useRef((dropped: File) => onChange("", dropped));
  handleDrop.current = (dropped) => onChange("", dropped);
  useDroppedFiles(useFirstValue((dropped: File) => handleDrop.current(dropped)));
  return (
    <div className="field" data-field="">
      <label htmlFor={id}>{label}</label>
      {file ? (
        <SelectedFile file={file} onRemove={() => onChange("")} />
      ) : (
        <div className="with-button">
          <input
            id={id}
            value={value}
            placeholder={`${uploads_prefix}photo.jpg or https://…`}
            list={`${id}-recent`}
            spellCheck={false}
            autoComplete="off"
            aria-invalid={error !== undefined}
            aria-describedby={`${id}-help ${id}-error`}
            onChange={(event) => onChange(event.target.value)}
          />
          <button type="button" className="button" onClick={() => fileInput.current?.click()}>
            Choose a file
          </button>
        </div>
      )}
      <datalist id={`${id}-recent`}>
        {recentKeys.map((key) => (
          <option key={key} value={key} />
        ))}
      </datalist>
      <input
        ref={fileInput}
        type="file"
        accept={accept.join()}
        className="visually-hidden"
        tabIndex={-1}
        aria-label="Choose a picture to send with the request"
        onChange={(event) => {
          const [selected] = event.target.files ?? [];
          if (selected) onChange("", selected);
          event.target.value = "";
        }}
      />
      <Help
        id={id}
        help={`${help ? `${help}. ` : ""}You can also drop a file of at most ${bytes(max_inline_picture_bytes)} anywhere on the page.`}
        error={error}
      />
    </div>
  );
}

function SelectedFile({ file, onRemove }: { file: File; onRemove: () => void }) {
  const [imageUrl, setImageUrl] = useState<string>();
  useEffect(() => {
    let unmounted = false;
    const loading = preview(file);
    void loading.then((url) => !unmounted && setImageUrl(url));
    return () => {
      unmounted = true;
      void loading.then((url) => url && URL.revokeObjectURL(url));
    };
  }, [file]);
  return (
    <p className="file">
      {imageUrl && <img src={imageUrl} alt="" />}
      <b>{printable(file.name)}</b>
      <small>{bytes(file.size)}</small>
      <button type="button" className="button quiet" onClick={onRemove}>
        Remove
      </button>
    </p>
  );
}

/** Returns the keys of the 20 newest uploads. */
function useRecentKeys(): string[] {
  const { entries } = useAppState();
  const keys = new Set<string>();
  for (const { job } of [...entries.values()].reverse()) {
    if (job?.kind === "upload" && job.source && keys.size < 20) keys.add(job.source);
  }
  return [...keys];
}

/** Returns the value of the first render in every render, so that effects which depend on it run once. */
function useFirstValue<T>(made: T): T {
  return useState(() => made)[0];
}
