/** Turns an op's JSON Schema into form fields, and the text that was typed into a field into a value. */

import { plural } from "../format";

/** The part of JSON Schema that ops use. */
export interface Schema {
  type?: string;
  description?: string;
  default?: unknown;
  enum?: unknown[];
  anyOf?: Schema[];
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
  pattern?: string;
  /** Marks a parameter of the result's encoding that few callers need. */
  "x-output"?: boolean;
}

export type FieldKind = "number" | "choice" | "boolean" | "text" | "list" | "json";

export interface Field {
  readonly name: string;
  readonly kind: FieldKind;
  readonly required: boolean;
  readonly schema: Schema;
  /** The value of an empty field; null when the op then decides by itself. */
  readonly defaultValue?: unknown;
  readonly help?: string;
  /** Whether the form hides the field until it is asked for. */
  readonly folded?: boolean;
}

/** A value, an error, or undefined for an empty field, which keeps its default. */
export type ParsedField = { value: unknown } | { error: string } | undefined;

export function fieldsOf(params: Schema): Field[] {
  const required = new Set(params.required);
  return Object.entries(params.properties ?? {}).map(([name, schema]) =>
    fieldOf(name, schema, required.has(name)),
  );
}

export function fieldOf(name: string, given: Schema, required: boolean): Field {
  // In a form, null and an empty field are the same, so only the other alternative matters.
  const schema = given.anyOf?.find((one) => one.type !== "null") ?? given;
  return {
    name,
    kind: kindOf(schema),
    required,
    schema,
    defaultValue: given.default,
    help: given.description ?? schema.description,
    folded: schema["x-output"] === true,
  };
}

function kindOf(schema: Schema): FieldKind {
  if (schema.enum) return "choice";
  if (schema.type === "integer" || schema.type === "number") return "number";
  if (schema.type === "boolean") return "boolean";
  if (schema.type === "string") return "text";
  if (schema.type === "array" && isNumber(schema.items)) return "list";
  return "json";
}

const isNumber = (schema?: Schema) => schema?.type === "number" || schema?.type === "integer";

/** `0 to 100`, `at least 1`; empty when there are no bounds. */
export function boundsOf({ kind, schema }: Field): string {
  if (kind !== "number") return "";
  const least = schema.minimum ?? schema.exclusiveMinimum;
  const most = schema.maximum ?? schema.exclusiveMaximum;
  if (least !== undefined && most !== undefined) return `${least} to ${most}`;
  if (least !== undefined) return `at least ${least}`;
  return most === undefined ? "" : `at most ${most}`;
}

const REQUIRED = "A value is required.";

/** Reads the text of a field as a value of its schema. */
export function parseField({ kind, schema, required }: Field, text: string): ParsedField {
  // An empty text is a valid value of a required text field. Every other empty field is missing.
  if (kind === "text" && required) return parseText(text, schema);
  if (text.trim() === "") return required ? { error: REQUIRED } : undefined;
  switch (kind) {
    case "number":
      return parseNumber(text, schema);
    case "choice":
      return { value: schema.enum?.find((one) => String(one) === text) };
    case "boolean":
      return { value: text === "true" };
    case "text":
      return parseText(text, schema);
    case "list":
      return parseList(text, schema);
    case "json":
      return parseJson(text);
  }
}

function parseNumber(text: string, schema: Schema): { value: number } | { error: string } {
  const value = Number(text.trim());
  const whole = schema.type === "integer" ? "a whole number" : "a number";
  const valid = /\d/.test(text) && Number.isFinite(value);
  if (!valid || (schema.type === "integer" && !Number.isInteger(value))) {
    return { error: `Must be ${whole}, not '${text.trim()}'.` };
  }
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = schema;
  if (minimum !== undefined && value < minimum) return { error: `Must be at least ${minimum}.` };
  if (maximum !== undefined && value > maximum) return { error: `Must be at most ${maximum}.` };
  if (exclusiveMinimum !== undefined && value <= exclusiveMinimum) {
    return { error: `Must be more than ${exclusiveMinimum}.` };
  }
  if (exclusiveMaximum !== undefined && value >= exclusiveMaximum) {
    return { error: `Must be less than ${exclusiveMaximum}.` };
  }
  return { value };
}

function parseText(text: string, { minLength = 0, maxLength, pattern, description }: Schema): ParsedField {
  if (text === "" && minLength > 0) return { error: REQUIRED };
  const length = [...text].length;
  if (length < minLength) return { error: `Must have at least ${plural(minLength, "character")}.` };
  if (maxLength !== undefined && length > maxLength) {
    return { error: `Must have at most ${plural(maxLength, "character")}.` };
  }
  if (pattern !== undefined && !new RegExp(pattern, "u").test(text)) {
    return { error: `Must be ${lowerFirst(description ?? `text that matches ${pattern}`)}.` };
  }
  return { value: text };
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

/** Reads numbers that are separated by commas, semicolons, spaces or line breaks; brackets around them are allowed. */
function parseList(text: string, { items = {}, minItems = 0, maxItems }: Schema): ParsedField {
  const words = text
    .replace(/^\s*\[|\]\s*$/g, "")
    .split(/[\s,;]+/)
    .filter(Boolean);
  const values: unknown[] = [];
  for (const [index, word] of words.entries()) {
    const parsed = parseNumber(word, items);
    if ("error" in parsed) return { error: `Item ${index + 1}: ${parsed.error}` };
    values.push(parsed.value);
  }
  if (values.length < minItems) return { error: `Must have at least ${plural(minItems, "item")}.` };
  if (maxItems !== undefined && values.length > maxItems) {
    return { error: `Must have at most ${plural(maxItems, "item")}.` };
  }
  return { value: values };
}

function parseJson(text: string): ParsedField {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return { error: 'This is not valid JSON. Put a text in quotes: "hello".' };
  }
}
