import type {
  Accepted,
  ErrorBody,
  Job,
  JobPage,
  Me,
  Op,
  OpList,
  Role,
  Submission,
  TaskAccepted,
  TaskPage,
  TaskStatus,
  UploadBody,
  UploadTicket,
} from "./contract";
import { parse } from "./printable";

/** A call that failed, with a message for people. `status` is 0 when there was no response. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    /** JSON Pointer to the part of the request that is wrong; undefined for the whole request. */
    readonly path?: string,
  ) {
    super(message);
  }

  /** True when the same call may succeed later. */
  get transient(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

/** The HTTP API. */
export class Client {
  constructor(
    private readonly base: string,
    private readonly token: string,
    private readonly onUnauthorized: () => void,
  ) {}

  jobs(cursor?: string): Promise<JobPage> {
    const query = new URLSearchParams({ limit: "50", ...(cursor && { cursor }) });
    return this.call("GET", `/jobs?${query}`);
  }

  job(id: string): Promise<Job> {
    return this.call("GET", `/jobs/${encodeURIComponent(id)}`);
  }

  tasks(jobId: string, limit: number, cursor?: string, status?: TaskStatus): Promise<TaskPage> {
    const query = new URLSearchParams({
      limit: String(limit),
      ...(cursor && { cursor }),
      ...(status && { status }),
    });
    return this.call("GET", `/jobs/${encodeURIComponent(jobId)}/tasks?${query}`);
  }

  cancel(jobId: string): Promise<Accepted> {
    return this.call("DELETE", `/jobs/${encodeURIComponent(jobId)}`);
  }

  retry(jobId: string): Promise<Accepted> {
    return this.call("POST", `/jobs/${encodeURIComponent(jobId)}/retry`);
  }

  /** Creates a job and returns its id. */
  async submit({ path, body }: Submission): Promise<string> {
    const created = await this.call<Accepted | TaskAccepted>("POST", path, body, newKey());
    return "job_id" in created ? created.job_id : created.id;
  }

  async ops(): Promise<Op[]> {
    return (await this.call<OpList>("GET", "/ops")).ops;
  }

  scale(op: string, concurrency: number): Promise<unknown> {
    return this.call("PUT", `/ops/${encodeURIComponent(op)}`, { concurrency });
  }

  async role(): Promise<Role> {
    return (await this.call<Me>("GET", "/me")).role;
  }

  /** Returns a ticket; a repeated call with the same key returns the same job's. */
  requestUpload(request: UploadBody, key: string): Promise<UploadTicket> {
    return this.call("POST", "/uploads", request, key);
  }

  private async call<T>(method: string, path: string, body?: unknown, key?: string): Promise<T> {
    let response: Response;
    try {
      response = await fetch(this.base + path, {
        method,
        headers: {
          Authorization: `Bearer ${this.token}`,
          ...(body !== undefined && { "Content-Type": "application/json" }),
          ...(key && { "Idempotency-Key": key }),
        },
        body: body === undefined ? null : JSON.stringify(body),
      });
    } catch {
      throw new ApiError(0, "unreachable", "Umbel could not be reached.");
    }
    if (response.ok) return parse<T>(await response.text());
    const error = await errorFrom(response);
    // A token that may not read is not valid. A viewer's token that may not write stays valid.
    if (response.status === 401 || (response.status === 403 && method === "GET")) this.onUnauthorized();
    throw error;
  }
}

/** Returns a new Idempotency-Key. `crypto.randomUUID` is missing on pages without TLS. */
export function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) =>
    part.toString(16).padStart(8, "0"),
  ).join("");
}

async function errorFrom(response: Response): Promise<ApiError> {
  const body = await response
    .text()
    .then(parse<Partial<ErrorBody>>)
    .catch(() => null);
  const { code = "unknown", message = messageFor(response.status), path } = body?.error ?? {};
  return new ApiError(response.status, code, message, path);
}

/** Returns a message for responses that API Gateway sends itself, without a message for people. */
function messageFor(status: number): string {
  if (status === 403) return "This token does not allow that. Use an operator's token.";
  if (status === 429) return "Umbel receives too many requests at the moment. Try again later.";
  return `Umbel responded with status ${status}.`;
}
