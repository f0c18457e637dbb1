import { useId, useMemo, useRef, useState } from "react";
import type { OpCard } from "../api/types";
import { useFiles } from "../app-context";
import { FieldInput } from "../components/field";
import { bytes, plural } from "../format";
import { JobSheet } from "./job-sheet";
import { fieldsOf, read } from "./schema";
import { useSending } from "./use-sending";
import { readVisits, storesOf, type Visits } from "./visits";

const FAULTS_SHOWN = 6;
const STORES_SHOWN = 24;
const EXAMPLE = `store_id,image_url
S00339218,https://example.org/shelf-1.jpg
S00339218,https://example.org/shelf-2.jpg`;

/** Visits to stores, dropped or pasted. */
export function BatchForm({ card }: { card: OpCard }) {
  const id = useId();
  const sending = useSending();
  const [text, setText] = useState("");
  const [name, setName] = useState<string>();
  const [typed, setTyped] = useState<string>();
  const chooser = useRef<HTMLInputElement>(null);
  const found = useMemo(() => readVisits(text), [text]);
  // The op's own parameter that the body of a batch carries, where it has it.
  const pause = fieldsOf(card.params).find((field) => field.name === "gpu_seconds");
  const pauseTyped = typed ?? (found.gpuSeconds === undefined ? "" : String(found.gpuSeconds));
  const pauseRead = pause && read(pause, pauseTyped);
  const pauseFault = pauseRead && "fault" in pauseRead ? pauseRead.fault : undefined;
  const ready = found.visits.length > 0 && found.faults.length === 0 && pauseFault === undefined;

  const put = (said: string, from?: string) => {
    setText(said);
    setName(from);
    sending.clear();
  };
  const [take] = useState(() => async (file: File) => put(await file.text(), file.name));
  useFiles(take);

  const body = {
    count: found.visits.length,
    visits: found.visits,
    ...(pauseRead && "value" in pauseRead && { gpu_seconds: pauseRead.value }),
  };

  return (
    <JobSheet
      name="batch"
      summary={card.summary}
      sending={sending}
      submission={ready ? { path: "/batches", body } : undefined}
      beside={
        <button type="button" className="button" onClick={() => chooser.current?.click()}>
          Choose a file
        </button>
      }
    >
      <div className="field">
        <label htmlFor={id}>Visits</label>
        {name ? (
          <p className="file">
            <b>{name}</b>
            <small>{bytes(text.length)}</small>
            <button type="button" className="button quiet" onClick={() => put("")}>
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
            aria-invalid={found.faults.length > 0}
            aria-describedby={`${id}-preview`}
            onChange={(event) => put(event.target.value)}
          />
        )}
        <input
          ref={chooser}
          type="file"
          accept=".json,.csv,application/json,text/csv"
          className="visually-hidden"
          tabIndex={-1}
          aria-label="Choose a file of visits"
          onChange={(event) => {
            const [file] = event.target.files ?? [];
            if (file) void take(file);
            event.target.value = "";
          }}
        />
        <div id={`${id}-preview`} aria-live="polite">
          <Preview found={found} />
        </div>
      </div>
      {pause && (
        <div className="pair">
          <FieldInput field={pause} value={pauseTyped} fault={pauseFault} onChange={setTyped} />
        </div>
      )}
    </JobSheet>
  );
}

function Preview({ found: { visits, faults } }: { found: Visits }) {
  if (visits.length + faults.length === 0) {
    return <p className="help">CSV, or JSON as POST /batches takes it; a file may be dropped anywhere</p>;
  }
  const stores = storesOf(visits);
  const images = [...stores.values()].reduce((sum, one) => sum + one, 0);
  return (
    <div className="preview">
      {faults.length > 0 && (
        <ul className="faults">
          {faults.slice(0, FAULTS_SHOWN).map((fault) => (
            <li key={fault}>{fault}</li>
          ))}
          {faults.length > FAULTS_SHOWN && <li>and {faults.length - FAULTS_SHOWN} more</li>}
        </ul>
      )}
      {images > 0 && (
        <p className="in-all">
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
