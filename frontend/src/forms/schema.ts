/** From an op's JSON Schema to the fields of a form, and from what was typed to a value. Pure, so that it can be tested. */

import type { Schema } from "../api/types";

export type FieldKind = "number" | "choice" | "boolean" | "text" | "list" | "json";

export interface Field {
  readonly name: string;
  readonly kind: FieldKind;
  readonly required: boolean;
  readonly schema: Schema;
  /** What holds when nothing is said; null where that is "as it comes". */
  readonly preset?: unknown;
  readonly help?: string;
}

/** A value, nothing at all (the default holds), or why there is none: in the API's own words. */
export type Reading = { value: unknown } | { fault: string } | undefined;

export function fieldsOf(params: Schema): Field[] {
  const required = new Set(params.required);
  return Object.entries(params.properties ?? {}).map(([name, schema]) =>
    fieldOf(name, schema, required.has(name)),
  );
}

export function fieldOf(name: string, given: Schema, required: boolean): Field {
  // What may be null may be left out, and in a form that is the same.
  const schema = given.anyOf?.find((one) => one.type !== "null") ?? given;
  return {
    name,
    kind: kindOf(schema),
    required,
    schema,
    preset: given.default,
    help: given.description ?? schema.description,
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

/** `0 to 100`, `at least 1`; nothing where there are no bounds. */
export function boundsOf({ kind, schema }: Field): string {
  if (kind !== "number") return "";
  const least = schema.minimum ?? schema.exclusiveMinimum;
  const most = schema.maximum ?? schema.exclusiveMaximum;
  if (least !== undefined && most !== undefined) return `${least} to ${most}`;
  if (least !== undefined) return `at least ${least}`;
  return most === undefined ? "" : `at most ${most}`;
}

export function read(field: Field, typed: string): Reading {
  const { kind, schema, required } = field;
  // An empty text is a text; everything else that is empty was left out.
  if (kind === "text" && required) return checkText(typed, schema);
  if (typed.trim() === "") {
    return required ? { fault: `Object missing required field \`${field.name}\`` } : undefined;
  }
  switch (kind) {
    case "number":
      return readNumber(typed, schema);
    case "choice":
      return { value: schema.enum?.find((one) => String(one) === typed) };
    case "boolean":
      return { value: typed === "true" };
    case "text":
      return checkText(typed, schema);
    case "list":
      return readList(typed, schema);
    case "json":
      return readJson(typed);
  }
}

function readNumber(typed: string, schema: Schema): Exclude<Reading, undefined> {
  const type = schema.type === "integer" ? "int" : "float";
  const value = Number(typed.trim());
  if (!/\d/.test(typed) || !Number.isFinite(value)) return { fault: `Expected \`${type}\`, got \`str\`` };
  if (type === "int" && !Number.isInteger(value)) return { fault: "Expected `int`, got `float`" };
  const bound = (limit: number) =>
    type === "float" && Number.isInteger(limit) ? limit.toFixed(1) : String(limit);
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = schema;
  const broken: [number | undefined, string, (limit: number) => boolean][] = [
    [minimum, ">=", (limit) => value < limit],
    [maximum, "<=", (limit) => value > limit],
    [exclusiveMinimum, ">", (limit) => value <= limit],
    [exclusiveMaximum, "<", (limit) => value >= limit],
  ];
  for (const [limit, sign, isBroken] of broken) {
    if (limit !== undefined && isBroken(limit))
      return { fault: `Expected \`${type}\` ${sign} ${bound(limit)}` };
  }
  return { value };
}

function checkText(value: string, { minLength = 0, maxLength, pattern }: Schema): Reading {
  const length = [...value].length;
  if (length < minLength) return { fault: `Expected \`str\` of length >= ${minLength}` };
  if (maxLength !== undefined && length > maxLength)
    return { fault: `Expected \`str\` of length <= ${maxLength}` };
  if (pattern !== undefined && !new RegExp(pattern, "u").test(value)) {
    return { fault: `Expected \`str\` matching regex '${pattern}'` };
  }
  return { value };
}

/** Numbers with commas, blanks or line breaks between them; brackets around them do no harm. */
function readList(typed: string, schema: Schema): Reading {
  const words = typed
    .replace(/^\s*\[|\]\s*$/g, "")
    .split(/[\s,;]+/)
    .filter(Boolean);
  const values: unknown[] = [];
  for (const [place, word] of words.entries()) {
    const one = readNumber(word, schema.items ?? {});
    if ("fault" in one) return { fault: `[${place}]: ${one.fault}` };
    values.push(one.value);
  }
  const { minItems = 0, maxItems } = schema;
  if (values.length < minItems) return { fault: `Expected \`array\` of length >= ${minItems}` };
  if (maxItems !== undefined && values.length > maxItems)
    return { fault: `Expected \`array\` of length <= ${maxItems}` };
  return { value: values };
}

function readJson(typed: string): Reading {
  try {
    return { value: JSON.parse(typed) as unknown };
  } catch {
    return { fault: 'This is not JSON. A text stands in quotes: "hello".' };
  }
}
