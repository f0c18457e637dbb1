import { type FormEvent, useRef, useState } from "react";
import type { OpCard } from "../api/types";
import { useParts } from "../app-context";
import { FieldInput } from "../components/field";
import { PictureField } from "../components/picture-field";
import { bytes } from "../format";
import { LARGEST_INSIDE, Picture, placed, submissionOf } from "./request";
import { type Field, fieldOf, fieldsOf, read } from "./schema";
import { submitOnEnter } from "./submit-on-enter";
import { useSending } from "./use-sending";

/** The input's field has no name; parameters have theirs. */
const INPUT = "";

/** One op's input and parameters, from its schema. What the page can tell at once it tells in the API's words. */
export function TaskForm({ card }: { card: OpCard }) {
  const { store } = useParts();
  const { busy, fault, allowed, send, clear } = useSending();
  const [values, setValues] = useState<Record<string, string>>({});
  const [file, setFile] = useState<File>();
  const [faults, setFaults] = useState<Record<string, string>>({});
  const form = useRef<HTMLFormElement>(null);
  const input = fieldOf(INPUT, card.input, true);
  const params = fieldsOf(card.params);
  const refused = fault === undefined ? undefined : placed(fault);
  const said = (name: string) => faults[name] ?? (refused?.field === name ? refused.sentence : undefined);

  const type = (name: string) => (value: string) => {
    setValues((before) => ({ ...before, [name]: value }));
    setFaults(({ [name]: _, ...rest }) => rest);
    clear();
  };

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const found = readAll(file ? params : [input, ...params], values);
    if (file && file.size > LARGEST_INSIDE) found.faults[INPUT] = tooLarge(file);
    setFaults(found.faults);
    const [wrong] = Object.keys(found.faults);
    if (wrong !== undefined) {
      form.current
        ?.querySelector<HTMLElement>(`[data-field="${wrong}"] :is(input, select, textarea, button)`)
        ?.focus();
      return;
    }
    const { [INPUT]: typed, ...given } = found.values;
    const job = await send(submissionOf(card, file ? await Picture.read(file) : typed, given));
    if (job) store.addSent(job);
  };

  return (
    <fieldset className="form" disabled={!allowed} aria-label={card.name}>
      <form ref={form} onSubmit={(event) => void submit(event)} onKeyDown={submitOnEnter} noValidate>
        {card.carrier === "file" ? (
          <PictureField
            label={card.input.title ?? card.takes}
            accept={card.media_types}
            value={values[INPUT] ?? ""}
            file={file}
            fault={said(INPUT)}
            help={input.help}
            onChange={(value, chosen) => {
              type(INPUT)(value);
              setFile(chosen);
            }}
          />
        ) : (
          <FieldInput
            field={input}
            label={card.input.title ?? card.takes}
            value={values[INPUT] ?? ""}
            fault={said(INPUT)}
            onChange={type(INPUT)}
          />
        )}
        {params.length > 0 && (
          <div className="pair">
            {params.map((field) => (
              <FieldInput
                key={field.name}
                field={field}
                value={values[field.name] ?? ""}
                fault={said(field.name)}
                onChange={type(field.name)}
              />
            ))}
          </div>
        )}
        <div className="send">
          <button type="submit" className="button primary" disabled={busy}>
            {busy ? "Sending" : "Send"}
          </button>
          <p className="sentence" role="alert">
            {refused?.field === undefined && refused?.sentence}
          </p>
        </div>
      </form>
    </fieldset>
  );
}

function readAll(fields: Field[], typed: Record<string, string>) {
  const values: Record<string, unknown> = {};
  const faults: Record<string, string> = {};
  for (const field of fields) {
    const reading = read(field, typed[field.name] ?? "");
    if (!reading) continue;
    if ("fault" in reading) faults[field.name] = reading.fault;
    else values[field.name] = reading.value;
  }
  return { values, faults };
}

function tooLarge({ size }: File): string {
  return `This file is ${bytes(size)}; one that rides along has at most ${bytes(LARGEST_INSIDE)}. Upload it under Pictures, then name it here by its key.`;
}
