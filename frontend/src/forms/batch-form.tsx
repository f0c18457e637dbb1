import { useId, useMemo, useRef, useState } from "react";
import type { Op } from "../api/contract";
import { useApp, useDroppedFiles } from "../app-context";
import { FieldInput } from "../components/field";
import { bytes, plural } from "../format";
import { JobForm } from "./job-form";
import { fieldsOf, parseField } from "./schema";
import { useSubmit } from "./use-submit";
import type { ParsedVisits } from "./visit";
import { imagesPerStore, parseVisits } from "./visits";

const ERRORS_SHOWN = 6;
const STORES_SHOWN = 24;
const EXAMPLE = `store_id,image_url
S00339218,https://example.org/shelf-1.jpg
S00339218,https://example.org/shelf-2.jpg`;

/** Creates a batch from visits to stores, as CSV or JSON. */
export function BatchForm({ op }: { op: Op }) {
  const id = useId();
  const state = useSubmit();
  const [text, setText] = useState("");
  const [filename, setFilename] = useState<string>();
  const [pauseText, setPauseText] = useState<string>();
  const fileInput = useRef<HTMLInputElement>(null);
  const { limits } = useApp().config;
  const parsed = useMemo(() => parseVisits(text, limits), [text, limits]);
  // A parameter of the op that the body of a batch may set, if the op has it.
  const pause = fieldsOf(op.params).find((field) => field.name === "gpu_seconds");
  const pauseValue = pauseText ?? (parsed.gpuSeconds === undefined ? "" : String(parsed.gpuSeconds));
  const parsedPause = pause && parseField(pause, pauseValue);
  const pauseError = parsedPause && "error" in parsedPause ? parsedPause.error : undefined;
  const ready = parsed.visits.length > 0 && parsed.errors.length === 0 && pauseError === undefined;

  const replaceText = (newText: string, from?: string) => {
    setText(newText);
    setFilename(from);
    state.clearError();
  };
  const [readFile] = useState(() => async (file: File) => replaceText(await file.text(), file.name));
  useDroppedFiles(readFile);

  const body = {
    count: parsed.visits.length,
    visits: parsed.visits,
    ...(parsedPause && "value" in parsedPause && { gpu_seconds: Number(parsedPause.value) }),
  };

  return (
    <JobForm
      name="batch"
      summary={op.summary}
      state={state}
      submission={ready ? { path: "/batches", body } : undefined}
      buttons={
        <button type="button" className="button" onClick={() => fileInput.current?.click()}>
          Choose a file
        </button>
      }
    >
      <div className="field">
        <label htmlFor={id}>Visits</label>
        {filename ? (
          <p className="file">
            <b>{filename}</b>
            <small>{bytes(text.length)}</small>
            <button type="button" className="button quiet" onClick={() => replaceText("")}>
              Remove
            </button>
          </p>
        ) : (
          <textarea
            id={id}
            className="code"
            rows={8}
            value={text}
            placeholder={EXAMPLE}
            spellCheck={false}
            wrap="off"
            aria-invalid={parsed.errors.length > 0}
            aria-describedby={`${id}-preview`}
            onChange={(event) => replaceText(event.target.value)}
          />
        )}
        <input
          ref={fileInput}
          type="file"
          accept=".json,.csv,application/json,text/csv"
          className="visually-hidden"
          tabIndex={-1}
          aria-label="Choose a file of visits"
          onChange={(event) => {
            const [file] = event.target.files ?? [];
            if (file) void readFile(file);
            event.target.value = "";
          }}
        />
        <div id={`${id}-preview`} aria-live="polite">
          <Preview parsed={parsed} />
        </div>
      </div>
      {pause && (
        <div className="field-row">
          <FieldInput field={pause} value={pauseValue} error={pauseError} onChange={setPauseText} />
        </div>
      )}
    </JobForm>
  );
}

function Preview({ parsed: { visits, errors } }: { parsed: ParsedVisits }) {
  if (visits.length + errors.length === 0) {
    return (
      <p className="help">
        CSV, or the JSON body of POST /batches. You can also drop a file anywhere on the page.
      </p>
    );
  }
  const stores = imagesPerStore(visits);
  const images = [...stores.values()].reduce((sum, images) => sum + images, 0);
  return (
    <div className="preview">
      {errors.length > 0 && (
        <ul className="errors">
          {errors.slice(0, ERRORS_SHOWN).map((error) => (
            <li key={error}>{error}</li>
          ))}
          {errors.length > ERRORS_SHOWN && <li>and {errors.length - ERRORS_SHOWN} more</li>}
        </ul>
      )}
      {images > 0 && (
        <p className="totals-text">
          {plural(stores.size, "store")}, {plural(images, "image")}
        </p>
      )}
      <ul className="stores">
        {[...stores].slice(0, STORES_SHOWN).map(([store, count]) => (
          <li key={store}>
            {store} · {count}
          </li>
        ))}
        {stores.size > STORES_SHOWN && <li>and {stores.size - STORES_SHOWN} more</li>}
      </ul>
    </div>
  );
}
