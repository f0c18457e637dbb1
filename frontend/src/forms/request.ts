/** One task as a call: the shortest body that says it. */

import type { Submission } from "../api/client";
import type { OpCard } from "../api/types";

/** About 4.5 MB: a request carries 6 MB, and base64 takes a third more. */
export const LARGEST_INSIDE = 4_500_000;

export function submissionOf(card: OpCard, input: unknown, params: Record<string, unknown>): Submission {
  if (input instanceof Picture) {
    return { path: "/jobs", body: { image_data: input.base64, operation: card.name, params } };
  }
  if (card.carrier !== "file" && Object.keys(params).length === 0) {
    return { path: "/tasks", body: { type: card.name, payload: input } };
  }
  return { path: "/jobs", body: { name: card.name, tasks: [{ op: card.name, input, params }] } };
}

/** A picture that travels inside the request. */
export class Picture {
  constructor(readonly base64: string) {}

  static read(file: Blob): Promise<Picture> {
    return new Promise((resolve, reject) => {
      const reader = new FileReader();
      reader.onload = () => resolve(new Picture(String(reader.result).replace(/^[^,]*,/, "")));
      reader.onerror = () => reject(reader.error);
      reader.readAsDataURL(file);
    });
  }
}

export interface Placed {
  /** The parameter that is meant; "" for the input, undefined for the request as a whole. */
  field?: string;
  sentence: string;
}

/** The API names the place in the document and the rule; in a form the place is a field. */
export function placed(message: string): Placed {
  const [, param, rule] = /^\$\S*?\.params\.(\w+)\S*: (.*)$/s.exec(message) ?? [];
  if (param && rule) return { field: param, sentence: rule };
  const [, inside, fault] = /^\$\S*?\.(?:input|payload|image_data)(\[\d+\])?: (.*)$/s.exec(message) ?? [];
  if (fault) return { field: "", sentence: inside ? `${inside}: ${fault}` : fault };
  return { sentence: message };
}
