import { type FormEvent, useRef, useState } from "react";
import type { OpCard } from "../api/types";
import { useApp } from "../app-context";
import { FieldInput } from "../components/field";
import { PictureField } from "../components/picture-field";
import { bytes } from "../format";
import { fieldErrorOf, InlinePicture, MAX_INLINE_BYTES, submissionOf } from "./request";
import { type Field, fieldOf, fieldsOf, parseField } from "./schema";
import { submitOnCtrlEnter } from "./submit-on-ctrl-enter";
import { useSubmit } from "./use-submit";

/** The name of the input's field; parameters have their own names. */
const INPUT = "";

/** The input and parameters of one op, made from its schema and checked by it before they are sent. */
export function TaskForm({ op }: { op: OpCard }) {
  const { store } = useApp();
  const { busy, error, allowed, submit, clearError } = useSubmit();
  const [values, setValues] = useState<Record<string, string>>({});
  const [file, setFile] = useState<File>();
  const [errors, setErrors] = useState<Record<string, string>>({});
  const form = useRef<HTMLFormElement>(null);
  const input = fieldOf(INPUT, op.input, true);
  const params = fieldsOf(op.params);
  const apiError = error && fieldErrorOf(error);
  const errorOf = (name: string) => errors[name] ?? (apiError?.field === name ? apiError.message : undefined);

  const change = (name: string) => (value: string) => {
    setValues((before) => ({ ...before, [name]: value }));
    setErrors(({ [name]: _, ...others }) => others);
    clearError();
  };

  const onSubmit = async (event: FormEvent) => {
    event.preventDefault();
    const parsed = parseAll(file ? params : [input, ...params], values);
    if (file && file.size > MAX_INLINE_BYTES) parsed.errors[INPUT] = tooLarge(file);
    setErrors(parsed.errors);
    const [firstInvalid] = Object.keys(parsed.errors);
    if (firstInvalid !== undefined) {
      form.current
        ?.querySelector<HTMLElement>(`[data-field="${firstInvalid}"] :is(input, select, textarea, button)`)
        ?.focus();
      return;
    }
    const { [INPUT]: value, ...given } = parsed.values;
    const jobId = await submit(submissionOf(op, file ? await InlinePicture.read(file) : value, given));
    if (jobId) store.addSent(jobId);
  };

  return (
    <fieldset className="form" disabled={!allowed} aria-label={op.name}>
      <form ref={form} onSubmit={(event) => void onSubmit(event)} onKeyDown={submitOnCtrlEnter} noValidate>
        {op.carrier === "file" ? (
          <PictureField
            label={op.input.title ?? op.takes}
            accept={op.media_types}
            value={values[INPUT] ?? ""}
            file={file}
            error={errorOf(INPUT)}
            help={input.help}
            onChange={(value, selected) => {
              change(INPUT)(value);
              setFile(selected);
            }}
          />
        ) : (
          <FieldInput
            field={input}
            label={op.input.title ?? op.takes}
            value={values[INPUT] ?? ""}
            error={errorOf(INPUT)}
            onChange={change(INPUT)}
          />
        )}
        {params.length > 0 && (
          <div className="field-row">
            {params.map((field) => (
              <FieldInput
                key={field.name}
                field={field}
                value={values[field.name] ?? ""}
                error={errorOf(field.name)}
                onChange={change(field.name)}
              />
            ))}
          </div>
        )}
        <div className="send">
          <button type="submit" className="button primary" disabled={busy}>
            {busy ? "Sending" : "Send"}
          </button>
          <p className="error-text" role="alert">
            {apiError?.field === undefined && apiError?.message}
          </p>
        </div>
      </form>
    </fieldset>
  );
}

function parseAll(fields: Field[], texts: Record<string, string>) {
  const values: Record<string, unknown> = {};
  const errors: Record<string, string> = {};
  for (const field of fields) {
    const parsed = parseField(field, texts[field.name] ?? "");
    if (!parsed) continue;
    if ("error" in parsed) errors[field.name] = parsed.error;
    else values[field.name] = parsed.value;
  }
  return { values, errors };
}

function tooLarge({ size }: File): string {
  return `This file is ${bytes(size)}; a file in this form may have at most ${bytes(MAX_INLINE_BYTES)}. Upload it on the Pictures page, then enter its key here.`;
}
