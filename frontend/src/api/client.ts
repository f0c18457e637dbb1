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

/** A call that failed, with a message for people. `status` is 0 when there was no response. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
  }

  /** True when the same call may succeed later. */
  get transient(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

/** A request that creates a job. */
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

  /** Creates a job and returns its id. */
  async submit({ path, body }: Submission): Promise<string> {
    const created = await this.call<{ job_id?: string; id?: string }>("POST", path, body);
    return created.job_id ?? created.id ?? "";
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
    let response: Response;
    try {
      response = await fetch(this.base + path, {
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
    if (response.ok) return (await response.json()) as T;
    const error = await errorFrom(response);
    // A token that may not read is not valid. A viewer's token that may not write stays valid.
    if (response.status === 401 || (response.status === 403 && method === "GET")) this.onUnauthorized();
    throw error;
  }
}

async function errorFrom(response: Response): Promise<ApiError> {
  const body: unknown = await response.json().catch(() => null);
  const error = (body as { error?: { code?: string; message?: string } } | null)?.error;
  return new ApiError(
    response.status,
    error?.code ?? "unknown",
    error?.message ?? messageFor(response.status),
  );
}

/** Returns a message for responses that API Gateway sends itself, without a message for people. */
function messageFor(status: number): string {
  if (status === 403) return "This token does not allow that. Use an operator's token.";
  if (status === 429) return "Umbel receives too many requests at the moment. Try again later.";
  return `Umbel responded with status ${status}.`;
}
