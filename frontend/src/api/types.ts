/** The contract's records, as HTTP and the socket send them. */

export type JobStatus = "pending" | "running" | "completed" | "failed" | "cancelled";
export type TaskStatus = "pending" | "running" | "completed" | "failed" | "skipped";

export interface Fault {
  code: string;
  message: string;
  variant?: string;
}

export interface Counts {
  total: number;
  completed: number;
  failed: number;
  skipped: number;
}

export interface Job {
  id: string;
  kind: string;
  name?: string;
  recipe?: string | null;
  status: JobStatus;
  counts: Counts;
  created_at: string;
  updated_at: string;
  errors: Fault[];
  version: number;
}

/** One result of a picture; the fields beside `status` and `version` come when it is made. */
export interface Variant {
  status: TaskStatus;
  version: number;
  url?: string;
  format?: string;
  width?: number;
  height?: number;
  bytes?: number;
  duration_ms?: number;
  error?: Fault;
}

/** A job on the wire: the few variants of a picture travel inside it. */
export interface JobMessage extends Job {
  variants?: Record<string, Variant>;
}

export interface TaskMessage {
  id: string;
  job_id: string;
  variant?: string | null;
  status: TaskStatus;
  result?: Partial<Variant> | null;
  error?: Fault | null;
  duration_ms?: number | null;
  version: number;
}

export interface JobPage {
  jobs: JobMessage[];
  cursor?: string | null;
}

/** Where one picture goes: an address and the form fields that the bucket asks for. */
export interface UploadTicket {
  job_id: string;
  url: string;
  fields: Record<string, string>;
}

export interface UploadRequest {
  filename: string;
  content_type: string;
  size: number;
  recipe?: string;
}

export type SocketMessage =
  | { type: "snapshot"; topic: string; jobs?: JobMessage[] }
  | { type: "job"; job: JobMessage }
  | { type: "task"; job: string; task: TaskMessage }
  | { type: "error"; error: Fault };
