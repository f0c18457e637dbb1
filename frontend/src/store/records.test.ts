import { describe, expect, it, test } from "vitest";
import type { Job, Task, Variant } from "../api/contract";
import { sampleJob, sampleTask } from "../api/samples";
import { countsOf, emptyEntry, type JobEntry, withJob, withTask } from "./records";

const KEPT = 32;
const OP = "op";

const KEY = "results/blur.jpg";
const URL_OF = (version: number) => `https://bucket/blur?signed=${version}`;

function job(version: number, variants: Record<string, Variant> = {}): Job {
  const completed = Object.values(variants).filter((one) => one.status === "completed").length;
  return sampleJob({
    status: completed === 2 ? "completed" : "running",
    counts: { total: 2, completed, failed: 0, skipped: 0 },
    updated_at: `2026-01-01T00:00:0${version}Z`,
    version,
    variants,
  });
}

function task(variant: string, version: number, status: Task["status"]): Task {
  const result =
    status === "completed" ? { key: KEY, url: URL_OF(version), width: 4, height: 3, bytes: 12 } : null;
  return sampleTask({ id: variant, op: OP, variant, status, result, version });
}

const done = (version: number): Variant => ({
  op: OP,
  status: "completed",
  version,
  key: KEY,
  url: URL_OF(version),
  width: 4,
  height: 3,
  bytes: 12,
  warnings: [],
});

type Message = (entry: JobEntry) => JobEntry;
const sendJob =
  (message: Job): Message =>
  (entry) =>
    withJob(entry, message, KEPT);
const sendTask =
  (message: Task): Message =>
  (entry) =>
    withTask(entry, message, KEPT);

const HISTORY: Message[] = [
  sendJob(job(1)),
  sendTask(task("blur", 1, "running")),
  sendTask(task("blur", 2, "completed")),
  sendJob(job(2, { blur: done(2) })),
  sendTask(task("gray", 2, "completed")),
  sendJob(job(3, { blur: done(2), gray: done(2) })),
];

const play = (messages: Message[]) => messages.reduce((entry, apply) => apply(entry), emptyEntry("j"));

function permutations<T>(items: T[]): T[][] {
  if (items.length < 2) return [items];
  return items.flatMap((item, index) =>
    permutations(items.filter((_, other) => other !== index)).map((rest) => [item, ...rest]),
  );
}

describe("the same messages in any order give the same entry", () => {
  const final = play(HISTORY);

  it("has all variants at the end", () => {
    expect(final.job).toMatchObject({ status: "completed", version: 3 });
    expect(final.variants).toEqual({ blur: done(2), gray: done(2) });
  });

  test.each([
    ["each twice", HISTORY.flatMap((message) => [message, message])],
    ["the whole history twice", [...HISTORY, ...HISTORY]],
    ["the last one first", HISTORY.toReversed()],
    ["only the last one", HISTORY.slice(-1)],
  ])("%s", (_, messages) => expect(play(messages)).toEqual(final));

  it("in each of the 720 orders", () => {
    for (const order of permutations(HISTORY)) expect(play(order)).toEqual(final);
  });
});

describe("an older message changes nothing", () => {
  test.each([
    ["an older job", sendJob(job(2))],
    ["an older state of a variant", sendTask(task("blur", 1, "running"))],
    [
      "a newer job that carries an older state of a variant",
      sendJob(job(4, { blur: { op: OP, status: "running", version: 1, warnings: [] } })),
    ],
  ])("for %s", (_, message) => {
    const before = play(HISTORY);
    const after = message(before);
    expect(after.variants).toEqual(before.variants);
    expect(after.job?.version).toBeGreaterThanOrEqual(3);
  });
});

describe("a task's message sets the fields that the job's own messages have", () => {
  const sent = (result: Task["result"]) =>
    play([sendJob(job(1)), sendTask({ ...task("blur", 2, "completed"), result })]).variants.blur;

  it("all of a file", () => {
    expect(sent({ key: KEY, bytes: 12, frames_dropped: 3 })).toMatchObject({ bytes: 12, frames_dropped: 3 });
  });

  test.each([["text"], [[1, 2]], [{ width: 4 }], [null]])(
    "none of the result %j, which is not a file",
    (result) => {
      expect(sent(result)).toEqual({ op: OP, status: "completed", version: 2, warnings: [] });
    },
  );
});

describe("a message without news keeps the same object, so that nothing renders again", () => {
  const before = play(HISTORY);
  const resigned = { ...done(2), url: "https://bucket/blur?signed=again" };
  const reordered = Object.fromEntries(Object.entries(job(3, { blur: done(2), gray: done(2) })).toReversed());

  test.each([
    ["a repeated job", sendJob(job(3, { blur: done(2), gray: done(2) }))],
    ["a job with its fields in another order", sendJob(reordered as unknown as Job)],
    ["a result with only a newly signed URL", sendJob(job(3, { blur: resigned, gray: done(2) }))],
    ["a task that is not a variant", sendTask({ ...task("", 9, "completed"), variant: "" })],
  ])("%s", (_, message) => expect(message(before)).toBe(before));
});

it("takes a new URL when the old ones have expired", () => {
  const fresh = { ...done(2), url: "https://bucket/blur?signed=again" };
  const after = withJob(play(HISTORY), job(3, { blur: fresh, gray: done(2) }), KEPT, true);
  expect(after.variants.blur?.url).toBe(fresh.url);
});

it("takes the URL of a new result of the same variant", () => {
  const after = withTask(play(HISTORY), task("blur", 5, "completed"), KEPT);
  expect(after.variants.blur?.url).toBe(URL_OF(5));
});

describe("the counts", () => {
  it("of few tasks come from the task messages, before the job message arrives", () => {
    const entry = play([sendJob(job(1)), sendTask(task("blur", 2, "completed"))]);
    expect(countsOf(entry, KEPT)).toEqual({ total: 2, completed: 1, failed: 0, skipped: 0 });
  });

  it("of an ended job come from the job when messages about its tasks are missing", () => {
    const ended = {
      ...job(3),
      status: "completed" as const,
      counts: { total: 2, completed: 2, failed: 0, skipped: 0 },
    };
    expect(countsOf(play([sendJob(ended)]), KEPT)).toEqual(ended.counts);
  });

  it("of a retried job go down with its tasks", () => {
    const failed = {
      ...job(2, { blur: done(2) }),
      counts: { total: 2, completed: 1, failed: 1, skipped: 0 },
    };
    const entry = play([sendJob(failed), sendTask(task("gray", 3, "pending"))]);
    expect(countsOf(entry, KEPT)).toMatchObject({ completed: 1, failed: 0 });
  });

  it("of many tasks come from the job, and no results are held", () => {
    const counts = { total: 1000, completed: 7, failed: 0, skipped: 0 };
    const many = Array.from({ length: 1000 }, (_, place) => sendTask(task(`blur-${place}`, 2, "completed")));
    const unplanned = play(many);
    expect(Object.keys(unplanned.variants).length).toBeLessThanOrEqual(KEPT + 1);
    const entry = play([...many, sendJob({ ...job(1), counts }), ...many]);
    expect(countsOf(entry, KEPT)).toEqual(counts);
    expect(entry.variants).toEqual({});
  });
});
