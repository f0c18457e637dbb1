import type {
  JobMessage,
  JobPage,
  OpCard,
  Role,
  TaskPage,
  TaskStatus,
  UploadRequest,
  UploadTicket,
} from "./types";

/** A refusal or a failure, with a sentence for people. `status` is 0 when no answer came. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
  }

  /** Nobody refused; asking again later may help. */
  get transient(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

/** A call that starts a job. */
export interface Submission {
  path: "/tasks" | "/jobs" | "/crawls" | "/batches";
  body: unknown;
}

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

  job(id: string): Promise<JobMessage> {
    return this.call("GET", `/jobs/${encodeURIComponent(id)}`);
  }

  tasks(job: string, limit: number, cursor?: string, status?: TaskStatus): Promise<TaskPage> {
    const query = new URLSearchParams({
      limit: String(limit),
      ...(cursor && { cursor }),
      ...(status && { status }),
    });
    return this.call("GET", `/jobs/${encodeURIComponent(job)}/tasks?${query}`);
  }

  cancel(job: string): Promise<unknown> {
    return this.call("DELETE", `/jobs/${encodeURIComponent(job)}`);
  }

  retry(job: string): Promise<unknown> {
    return this.call("POST", `/jobs/${encodeURIComponent(job)}/retry`);
  }

  /** Starts a job by any of the calls that do; its id. */
  async submit({ path, body }: Submission): Promise<string> {
    const answer = await this.call<{ job_id?: string; id?: string }>("POST", path, body);
    return answer.job_id ?? answer.id ?? "";
  }

  async ops(): Promise<OpCard[]> {
    return (await this.call<{ ops: OpCard[] }>("GET", "/ops")).ops;
  }

  scale(op: string, concurrency: number): Promise<unknown> {
    return this.call("PUT", `/ops/${encodeURIComponent(op)}`, { concurrency });
  }

  async role(): Promise<Role> {
    return (await this.call<{ role: Role }>("GET", "/me")).role;
  }

  requestUpload(request: UploadRequest): Promise<UploadTicket> {
    return this.call("POST", "/uploads", request);
  }

  private async call<T>(method: string, path: string, body?: unknown): Promise<T> {
    let answer: Response;
    try {
      answer = await fetch(this.base + path, {
        method,
        headers: {
          Authorization: `Bearer ${this.token}`,
          ...(body !== undefined && { "Content-Type": "application/json" }),
        },
        body: body === undefined ? null : JSON.stringify(body),
      });
    } catch {
      throw new ApiError(0, "unreachable", "Umbel could not be reached.");
    }
    if (answer.ok) return (await answer.json()) as T;
    const fault = await faultOf(answer);
    // Who may not even read has no valid token; who may not do something else is a viewer, and stays.
    if (answer.status === 401 || (answer.status === 403 && method === "GET")) this.onUnauthorized();
    throw fault;
  }
}

async function faultOf(answer: Response): Promise<ApiError> {
  const body: unknown = await answer.json().catch(() => null);
  const error = (body as { error?: { code?: string; message?: string } } | null)?.error;
  return new ApiError(answer.status, error?.code ?? "unknown", error?.message ?? sentenceFor(answer.status));
}

/** For answers that the gateway gives in the API's stead, without a sentence. */
function sentenceFor(status: number): string {
  if (status === 403) return "This token does not allow that; it takes an operator's.";
  if (status === 429) return "Umbel is asked too much at the moment.";
  return `Umbel answered with status ${status}.`;
}
