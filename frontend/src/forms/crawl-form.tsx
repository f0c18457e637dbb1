import { useId, useState } from "react";
import type { CrawlRequest, Op } from "../api/contract";
import { useApp } from "../app-context";
import { FieldInput } from "../components/field";
import { plural } from "../format";
import { JobForm } from "./job-form";
import { type Field, parseField } from "./schema";
import { parseUrls } from "./urls";
import { useSubmit } from "./use-submit";

type Policy = CrawlRequest["policy"];

const WORKERS: Omit<Field, "schema"> = {
  name: "workers",
  kind: "number",
  required: false,
  defaultValue: 4,
  help: "Pages that are fetched at the same time",
};
const POLICIES: Record<Policy, string> = {
  round_robin: "Round robin: each worker in turn",
  idle: "To idle workers: a slow page delays no other",
  host: "By host: the pages of one host run one after another",
  sticky: "Sticky: by host, to the same worker in every crawl",
};
const ERRORS_SHOWN = 5;

/** Creates a crawl from a list of URLs. */
export function CrawlForm({ op }: { op: Op }) {
  const id = useId();
  const state = useSubmit();
  const { limits } = useApp().config;
  const field: Field = {
    ...WORKERS,
    schema: { type: "integer", minimum: 1, maximum: limits.max_crawl_workers },
  };
  const [text, setText] = useState("");
  const [workers, setWorkers] = useState("");
  const [policy, setPolicy] = useState<Policy>("round_robin");
  const { urls, errors } = parseUrls(text, limits);
  const workerCount = parseField(field, workers);
  const workersError = workerCount && "error" in workerCount ? workerCount.error : undefined;

  const ready = urls.length > 0 && errors.length === 0 && !workersError;
  const body = {
    urls,
    policy,
    ...(workerCount && "value" in workerCount && { workers: Number(workerCount.value) }),
  };

  return (
    <JobForm
      name="crawl"
      summary={op.summary}
      state={state}
      submission={ready ? { path: "/crawls", body } : undefined}
    >
      <div className="field">
        <label htmlFor={id}>URLs</label>
        <textarea
          id={id}
          className="code"
          rows={9}
          value={text}
          placeholder={"https://example.org/\nhttps://example.org/about"}
          spellCheck={false}
          wrap="off"
          aria-invalid={errors.length > 0}
          aria-describedby={`${id}-count`}
          onChange={(event) => {
            setText(event.target.value);
            state.clearError();
          }}
        />
        <div className="preview" id={`${id}-count`} aria-live="polite">
          <p className="help">
            {urls.length + errors.length === 0 ? "One per line, http or https" : plural(urls.length, "URL")}
            {errors.length > 0 &&
              `, and ${plural(errors.length, "line that is not a URL", "lines that are not a URL")}:`}
          </p>
          {errors.length > 0 && (
            <ul className="errors">
              {errors.slice(0, ERRORS_SHOWN).map(({ line, text: invalid }) => (
                <li key={line}>
                  line {line}: ‘{invalid.slice(0, 100)}’ is not an http or https URL
                </li>
              ))}
              {errors.length > ERRORS_SHOWN && <li>and {errors.length - ERRORS_SHOWN} more</li>}
            </ul>
          )}
        </div>
      </div>
      <div className="field-row">
        <FieldInput
          field={field}
          label="Workers"
          value={workers}
          error={workersError}
          onChange={setWorkers}
        />
        <div className="field">
          <label htmlFor={`${id}-policy`}>Order</label>
          <select
            id={`${id}-policy`}
            value={policy}
            onChange={(event) => setPolicy(event.target.value as Policy)}
          >
            {Object.entries(POLICIES).map(([name, title]) => (
              <option key={name} value={name}>
                {title}
              </option>
            ))}
          </select>
        </div>
      </div>
    </JobForm>
  );
}
