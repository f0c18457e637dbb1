/** The contract's records, as HTTP and the socket send them. */

export type JobStatus = "pending" | "running" | "completed" | "failed" | "cancelled";
export type TaskStatus = "pending" | "running" | "completed" | "failed" | "skipped";

export interface ErrorInfo {
  code: string;
  message: string;
  variant?: string;
  task?: string;
  /** In a batch: whose images were stopped. */
  store_id?: string;
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
  source?: string | null;
  cost_usd?: number;
  status: JobStatus;
  counts: Counts;
  created_at: string;
  updated_at: string;
  errors: ErrorInfo[];
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
  error?: ErrorInfo;
}

/** A job on the wire: the few variants of a picture travel inside it. */
export interface JobMessage extends Job {
  variants?: Record<string, Variant>;
}

/** One op on one input. `result` is what the op returns: a picture's place and size, or any value. */
export interface TaskMessage {
  id: string;
  job_id: string;
  op?: string;
  variant?: string | null;
  input?: unknown;
  params?: Record<string, unknown>;
  group?: string | null;
  status: TaskStatus;
  result?: unknown;
  error?: ErrorInfo | null;
  attempts?: number;
  finished_at?: string | null;
  duration_ms?: number | null;
  version: number;
}

export interface TaskPage {
  tasks: TaskMessage[];
  cursor?: string | null;
}

/** As much of JSON Schema as ops have. */
export interface Schema {
  title?: string;
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
}

export type OpState = "ready" | "paused" | "degraded";

/** An op as the deployment describes it, with its lane as it is now. */
export interface OpCard {
  name: string;
  summary: string;
  takes: string;
  carrier: "value" | "url" | "file";
  media_types: string[];
  returns: string;
  input: Schema;
  params: Schema;
  compute: {
    memory_mb: number;
    timeout_seconds: number;
    concurrency: number;
    batch: number;
    ordered: boolean;
    serves?: string | null;
  };
  concurrency: number;
  state: OpState;
  last_success_at?: string | null;
}

export interface Numbers {
  pending: number;
  running: number;
  completed: number;
  failed: number;
  skipped: number;
  in_flight: number;
  queue_depth: number;
  oldest_age_seconds: number | null;
  average_ms: number | null;
  p50_ms: number | null;
  p95_ms: number | null;
  throughput_per_minute: number;
  active_workers: number;
}

export interface OpNumbers extends Numbers {
  state: OpState;
  concurrency: number;
  last_success_at?: string | null;
  workers: { id: string; tasks: number; average_ms: number | null }[];
}

export interface Stats {
  at: string;
  totals: Numbers;
  ops: Record<string, OpNumbers>;
}

/** Something that happened to the deployment. */
export interface SystemEvent {
  id: string;
  at: string;
  kind: string;
  op?: string | null;
  host?: string | null;
  message: string;
}

export type Role = "operator" | "viewer";

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
  | { type: "stats"; stats: Stats }
  | { type: "system"; event: SystemEvent }
  | { type: "error"; error: ErrorInfo };
