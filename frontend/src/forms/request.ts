/** The request that creates the job of one task. */

import type { ApiError } from "../api/client";
import type { Op, Priority, Submission } from "../api/contract";

/** Returns the shortest request that runs `op` on `input`. Without a priority the deployment decides. */
export function submissionOf(
  op: Op,
  input: unknown,
  params: Record<string, unknown>,
  priority?: Priority,
): Submission {
  const how = priority && { priority };
  if (input instanceof InlinePicture) {
    return { path: "/jobs", body: { image_data: input.base64, operation: op.name, params, ...how } };
  }
  if (op.carrier !== "file" && Object.keys(params).length === 0) {
    return { path: "/tasks", body: { type: op.name, payload: input, ...how } };
  }
  return { path: "/jobs", body: { name: op.name, tasks: [{ op: op.name, input, params }], ...how } };
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

/** The fields of a request that hold the input of its task. */
const INPUT_FIELDS = ["input", "payload", "image_data"];

/** Returns the form's field that an error is about: a parameter, "" for the input, undefined for the whole request. */
export function fieldOfError({ path = "" }: ApiError): string | undefined {
  const parts = path.split("/");
  const param = parts[parts.indexOf("params") + 1];
  if (parts.includes("params") && param) return param;
  return parts.some((part) => INPUT_FIELDS.includes(part)) ? "" : undefined;
}
