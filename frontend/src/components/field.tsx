import { useId } from "react";
import { boundsOf, type Field } from "../forms/schema";
import "./field.css";

interface Props {
  field: Field;
  label?: string;
  value: string;
  fault?: string;
  onChange: (value: string) => void;
}

/** One labelled input with its help and, when it is wrong, the sentence that says why. */
export function FieldInput({ field, label, value, fault, onChange }: Props) {
  const id = useId();
  const help = [field.help, boundsOf(field)].filter(Boolean).join(", ");
  const attributes = {
    id,
    value,
    name: field.name,
    "aria-invalid": fault !== undefined,
    "aria-describedby": `${id}-help ${id}-fault`,
  };
  return (
    <div className="field" data-kind={field.kind} data-field={field.name}>
      <label htmlFor={id}>
        {label ?? field.name}
        {field.required || <span> optional</span>}
      </label>
      <Control field={field} attributes={attributes} onChange={onChange} />
      <Help id={id} help={help} fault={fault} />
    </div>
  );
}

export function Help({ id, help, fault }: { id: string; help?: string; fault?: string }) {
  return (
    <>
      {help && (
        <p className="help" id={`${id}-help`}>
          {help}
        </p>
      )}
      <p className="sentence" id={`${id}-fault`} role="alert">
        {fault}
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
  const { kind, schema, preset, required } = field;
  const placeholder = preset === undefined || preset === null ? undefined : String(preset);
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
          <option value="">{required ? "Choose one" : (placeholder ?? "As it comes")}</option>
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
      // A short text or one with a pattern is a line, like an address; any text may have several.
      return schema.maxLength !== undefined || schema.pattern !== undefined ? (
        <input {...typed} />
      ) : (
        <textarea {...typed} rows={3} />
      );
  }
}
