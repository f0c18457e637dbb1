/** Names for the types that are generated from the contract (`schema.d.ts`, by `make generate`). */

import type {
  BatchRequest,
  CrawlRequest,
  ErrorMessage,
  ImageRequest,
  Job,
  JobMessage,
  Manifest,
  Me,
  PongMessage,
  SnapshotMessage,
  StatsMessage,
  SystemMessage,
  Task,
  TaskMessage,
  TaskRequest,
  TaskSpec,
  UploadRequest,
  Visit,
} from "./schema";

export type {
  Accepted,
  Counts,
  CrawlRequest,
  ErrorBody,
  Job,
  JobError,
  JobPage,
  Me,
  Op,
  OpList,
  Page,
  PageConfig,
  PublishedLimits,
  ResultWarning,
  Stats,
  StatsOfOp,
  SystemEvent,
  Task,
  TaskAccepted,
  TaskPage,
  UploadTicket,
  Variant,
} from "./schema";

export type Priority = NonNullable<Manifest["priority"]>;
export type JobStatus = Job["status"];
export type TaskStatus = Task["status"];
export type Role = Me["role"];

export type ServerMessage =
  | SnapshotMessage
  | JobMessage
  | TaskMessage
  | StatsMessage
  | SystemMessage
  | ErrorMessage
  | PongMessage;

/** The generated types have every field that has a default; a request may leave these out. */
type Optional<T, K extends keyof T> = Omit<T, K> & Partial<Pick<T, K>>;

export type UploadBody = Optional<UploadRequest, "recipe">;
export type VisitBody = Optional<Visit, "visit_time">;

/** A request that creates a job. */
export type Submission =
  | { path: "/tasks"; body: Optional<TaskRequest, "priority"> }
  | {
      path: "/jobs";
      body: Optional<ImageRequest, "width" | "height" | "output_format" | "params" | "priority">;
    }
  | {
      path: "/jobs";
      body: Pick<Manifest, "name"> & { tasks: Optional<TaskSpec, "params" | "group">[]; priority?: Priority };
    }
  | { path: "/crawls"; body: Pick<CrawlRequest, "urls"> & Partial<CrawlRequest> }
  | {
      path: "/batches";
      body: Optional<Omit<BatchRequest, "visits">, "gpu_seconds" | "max_in_flight"> & { visits: VisitBody[] };
    };
