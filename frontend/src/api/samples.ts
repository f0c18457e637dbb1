/** Complete records for tests, of which a test states only the fields that it is about. */

import type { Job, PageConfig, Task } from "./contract";

export function sampleTask(fields: Partial<Task>): Task {
  return {
    id: "j.0",
    job_id: "j",
    op: "op",
    variant: "op",
    input: null,
    params: {},
    group: null,
    status: "pending",
    result: null,
    error: null,
    attempts: 0,
    queued_at: "2026-01-01T00:00:00.000Z",
    started_at: null,
    finished_at: null,
    duration_ms: null,
    worker: null,
    version: 1,
    ...fields,
  };
}

export function sampleJob(fields: Partial<Job>): Job {
  return {
    id: "j",
    kind: "upload",
    name: "cat.jpg",
    status: "running",
    counts: { total: 0, completed: 0, failed: 0, skipped: 0 },
    created_at: "2026-01-01T00:00:00.000Z",
    updated_at: "2026-01-01T00:00:00.000Z",
    recipe: null,
    source: null,
    errors: [],
    cost_usd: 0,
    version: 1,
    ...fields,
  };
}

export function sampleConfig(fields: Partial<PageConfig>): PageConfig {
  return {
    api: "/v1",
    socket: "/live",
    uploads_bucket: "uploads",
    recipes: {},
    formats: [],
    limits: {
      max_upload_bytes: 2_000_000,
      max_pixels: 1_000_000,
      max_tasks: 100,
      max_request_bytes: 100_000,
      max_inline_picture_bytes: 50_000,
      max_streamed_bytes: 50_000,
      kept_variants: 32,
      max_url_length: 2048,
      max_store_id_length: 128,
      max_crawl_workers: 64,
      uploads_prefix: "uploads/",
      jobs_prefix: "jobs/",
      inputs_prefix: "inputs/",
    },
    ...fields,
  };
}
