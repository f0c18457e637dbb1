import { useId } from "react";
import { boundsOf, type Field } from "../forms/schema";
import "./field.css";

interface Props {
  field: Field;
  label?: string;
  value: string;
  error?: string;
  onChange: (value: string) => void;
}

/** One labelled input with its help text and, when the value is invalid, its error. */
export function FieldInput({ field, label, value, error, onChange }: Props) {
  const id = useId();
  const help = [field.help, boundsOf(field)].filter(Boolean).join(", ");
  const attributes = {
    id,
    value,
    name: field.name,
    "aria-invalid": error !== undefined,
    "aria-describedby": `${id}-help ${id}-error`,
  };
  return (
    <div className="field" data-kind={field.kind} data-field={field.name}>
      <label htmlFor={id}>
        {label ?? field.name}
        {field.required || <span> optional</span>}
      </label>
      <Control field={field} attributes={attributes} onChange={onChange} />
      <Help id={id} help={help} error={error} />
    </div>
  );
}

export function Help({ id, help, error }: { id: string; help?: string; error?: string }) {
  return (
    <>
      {help && (
        <p className="help" id={`${id}-help`}>
          {/* The contract's texts have the names of values between backticks. */}
          {help.split("`").map((part, place) =>
            // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a text do not move
            place % 2 === 0 ? part : <code key={place}>{part}</code>,
          )}
        </p>
      )}
      <p className="error-text" id={`${id}-error`} role="alert">
        {error}
      </p>
    </>
  );
}

interface ControlProps {
  field: Field;
  attributes: { id: string; value: string };
  onChange: (value: string) => void;
}

function Control({ field, attributes, onChange }: ControlProps) {
  const { kind, schema, defaultValue, required } = field;
  const placeholder = defaultValue === undefined || defaultValue === null ? undefined : String(defaultValue);
  const typed = {
    ...attributes,
    placeholder,
    spellCheck: false,
    autoComplete: "off",
    onChange: (event: { target: { value: string } }) => onChange(event.target.value),
  };
  switch (kind) {
    case "choice":
      return (
        <select {...attributes} onChange={(event) => onChange(event.target.value)}>
          <option value="">{required ? "Choose one" : (placeholder ?? "Not set")}</option>
          {schema.enum?.map((one) => (
            <option key={String(one)}>{String(one)}</option>
          ))}
        </select>
      );
    case "boolean":
      return (
        <input
          {...attributes}
          type="checkbox"
          checked={(attributes.value || placeholder) === "true"}
          onChange={(event) => onChange(String(event.target.checked))}
        />
      );
    case "number":
      return <input {...typed} inputMode={schema.type === "integer" ? "numeric" : "decimal"} />;
    case "list":
      return <textarea {...typed} rows={2} inputMode="text" />;
    case "json":
      return <textarea {...typed} rows={4} className="code" />;
    case "text":
      // A text with a length limit or a pattern, such as a URL, is one line; any other text may have several.
      return schema.maxLength !== undefined || schema.pattern !== undefined ? (
        <input {...typed} />
      ) : (
        <textarea {...typed} rows={3} />
      );
  }
}
