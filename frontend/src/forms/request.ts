/** The request that creates the job of one task. */

import type { ApiError, Submission } from "../api/client";
import type { OpCard } from "../api/types";

/** About 4.5 MB: a request carries 6 MB, and base64 takes a third more. */
export const MAX_INLINE_BYTES = 4_500_000;

/** Returns the shortest request that runs `op` on `input`. */
export function submissionOf(op: OpCard, input: unknown, params: Record<string, unknown>): Submission {
  if (input instanceof InlinePicture) {
    return { path: "/jobs", body: { image_data: input.base64, operation: op.name, params } };
  }
  if (op.carrier !== "file" && Object.keys(params).length === 0) {
    return { path: "/tasks", body: { type: op.name, payload: input } };
  }
  return { path: "/jobs", body: { name: op.name, tasks: [{ op: op.name, input, params }] } };
}

/** A picture that is sent inside the request. */
export class InlinePicture {
  constructor(readonly base64: string) {}

  static read(file: Blob): Promise<InlinePicture> {
    return new Promise((resolve, reject) => {
      const reader = new FileReader();
      reader.onload = () => resolve(new InlinePicture(String(reader.result).replace(/^[^,]*,/, "")));
      reader.onerror = () => reject(reader.error);
      reader.readAsDataURL(file);
    });
  }
}

export interface FieldError {
  /** The name of a parameter, "" for the input, undefined when the error is not about a field. */
  field?: string;
  message: string;
}

/** Finds the form's field that an error of the API is about. */
export function fieldErrorOf({ message }: ApiError): FieldError {
  const [, param, rule] = /^\$\S*?\.params\.(\w+)\S*: (.*)$/s.exec(message) ?? [];
  if (param && rule) return { field: param, message: rule };
  const [, inside, text] = /^\$\S*?\.(?:input|payload|image_data)(\[\d+\])?: (.*)$/s.exec(message) ?? [];
  if (text) return { field: "", message: inside ? `${inside}: ${text}` : text };
  return { message };
}
