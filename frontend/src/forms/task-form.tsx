import { type FormEvent, useRef, useState } from "react";
import type { Op, Priority } from "../api/contract";
import { useApp } from "../app-context";
import { FieldInput } from "../components/field";
import { PictureField } from "../components/picture-field";
import { bytes } from "../format";
import { fieldOfError, InlinePicture, submissionOf } from "./request";
import { type Field, fieldOf, fieldsOf, parseField } from "./schema";
import { submitOnCtrlEnter } from "./submit-on-ctrl-enter";
import { useSubmit } from "./use-submit";

/** The name of the input's field; parameters have their own names. */
const INPUT = "";

/** An empty choice leaves the priority to the deployment. */
const PRIORITY: Field = {
  name: "priority",
  kind: "choice",
  required: false,
  schema: { enum: ["live", "bulk"] satisfies Priority[] },
  defaultValue: "automatic",
  help: "A bulk task waits for live tasks. Automatic makes a single task live.",
};

/** The input and parameters of one op, made from its schema and checked by it before they are sent. */
export function TaskForm({ op }: { op: Op }) {
  const { config, store } = useApp();
  const maxBytes = config.limits.max_inline_picture_bytes;
  const { busy, error, allowed, submit, clearError } = useSubmit();
  const [values, setValues] = useState<Record<string, string>>({});
  const [file, setFile] = useState<File>();
  const [priority, setPriority] = useState<Priority | "">("");
  const [errors, setErrors] = useState<Record<string, string>>({});
  const form = useRef<HTMLFormElement>(null);
  const input = fieldOf(INPUT, op.input, true);
  const params = fieldsOf(op.params);
  const shown = params.filter((field) => !field.folded);
  const folded = params.filter((field) => field.folded);
  const errorField = error && fieldOfError(error);
  const errorOf = (name: string) => errors[name] ?? (errorField === name ? error?.message : undefined);

  const change = (name: string) => (value: string) => {
    setValues((before) => ({ ...before, [name]: value }));
    setErrors(({ [name]: _, ...others }) => others);
    clearError();
  };

  const inputOf = (field: Field) => (
    <FieldInput
      key={field.name}
      field={field}
      value={values[field.name] ?? ""}
      error={errorOf(field.name)}
      onChange={change(field.name)}
    />
  );

  const onSubmit = async (event: FormEvent) => {
    event.preventDefault();
    const parsed = parseAll(file ? params : [input, ...params], values);
    if (file && file.size > maxBytes) parsed.errors[INPUT] = tooLarge(file, maxBytes);
    setErrors(parsed.errors);
    const [firstInvalid] = Object.keys(parsed.errors);
    if (firstInvalid !== undefined) {
      const invalid = form.current?.querySelector<HTMLElement>(`[data-field="${firstInvalid}"]`);
      invalid?.closest("details")?.setAttribute("open", "");
      invalid?.querySelector<HTMLElement>("input, select, textarea, button")?.focus();
      return;
    }
    const { [INPUT]: value, ...given } = parsed.values;
    const taken = file ? await InlinePicture.read(file) : value;
    const jobId = await submit(submissionOf(op, taken, given, priority || undefined));
    if (jobId) store.addSent(jobId);
  };

  return (
    <fieldset className="form" disabled={!allowed} aria-label={op.name}>
      <form ref={form} onSubmit={(event) => void onSubmit(event)} onKeyDown={submitOnCtrlEnter} noValidate>
        {op.carrier === "file" ? (
          <PictureField
            label={op.input.title}
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
            label={op.input.title}
            value={values[INPUT] ?? ""}
            error={errorOf(INPUT)}
            onChange={change(INPUT)}
          />
        )}
        {shown.length > 0 && <div className="field-row">{shown.map(inputOf)}</div>}
        {folded.length > 0 && (
          <details className="folded" open={folded.some(({ name }) => errorOf(name)) || undefined}>
            <summary>More about the result's file</summary>
            <div className="field-row">{folded.map(inputOf)}</div>
          </details>
        )}
        <div className="field-row">
          <FieldInput
            field={PRIORITY}
            label="Priority"
            value={priority}
            onChange={(value) => setPriority(value as Priority | "")}
          />
        </div>
        <div className="send">
          <button type="submit" className="button primary" disabled={busy}>
            {busy ? "Sending" : "Send"}
          </button>
          <p className="error-text" role="alert">
            {errorField === undefined && error?.message}
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

function tooLarge({ size }: File, maxBytes: number): string {
  return `This file is ${bytes(size)}; a file in this form may have at most ${bytes(maxBytes)}. Upload it on the Pictures page, then enter its key here.`;
}
