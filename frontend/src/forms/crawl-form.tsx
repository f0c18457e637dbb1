import { useId, useState } from "react";
import type { OpCard } from "../api/types";
import { FieldInput } from "../components/field";
import { plural } from "../format";
import { JobSheet } from "./job-sheet";
import { type Field, read } from "./schema";
import { readAddresses } from "./urls";
import { useSending } from "./use-sending";

const WORKERS: Field = {
  name: "workers",
  kind: "number",
  required: false,
  schema: { type: "integer", minimum: 1, maximum: 64 },
  preset: 4,
  help: "Pages in flight at a time",
};
const POLICIES = {
  round_robin: "Dealt in turn: the fastest",
  host: "By host: one host's pages one after another",
};
const SHOWN = 5;

/** Addresses, pasted. */
export function CrawlForm({ card }: { card: OpCard }) {
  const id = useId();
  const sending = useSending();
  const [text, setText] = useState("");
  const [workers, setWorkers] = useState("");
  const [policy, setPolicy] = useState("round_robin");
  const { urls, faults } = readAddresses(text);
  const count = read(WORKERS, workers);
  const countFault = count && "fault" in count ? count.fault : undefined;

  const ready = urls.length > 0 && faults.length === 0 && !countFault;
  const body = { urls, policy, ...(count && "value" in count && { workers: count.value }) };

  return (
    <JobSheet
      name="crawl"
      summary={card.summary}
      sending={sending}
      submission={ready ? { path: "/crawls", body } : undefined}
    >
      <div className="field">
        <label htmlFor={id}>Addresses</label>
        <textarea
          id={id}
          className="code"
          rows={9}
          value={text}
          placeholder={"https://example.org/\nhttps://example.org/about"}
          spellCheck={false}
          wrap="off"
          aria-invalid={faults.length > 0}
          aria-describedby={`${id}-count`}
          onChange={(event) => {
            setText(event.target.value);
            sending.clear();
          }}
        />
        <div className="preview" id={`${id}-count`} aria-live="polite">
          <p className="help">
            {urls.length + faults.length === 0
              ? "One a line, http or https"
              : plural(urls.length, "address", "addresses")}
            {faults.length > 0 && `, and ${plural(faults.length, "line is none", "lines are none")}:`}
          </p>
          {faults.length > 0 && (
            <ul className="faults">
              {faults.slice(0, SHOWN).map(({ line, text: said }) => (
                <li key={line}>
                  line {line}: ‘{said.slice(0, 100)}’ is not an http or https address
                </li>
              ))}
              {faults.length > SHOWN && <li>and {faults.length - SHOWN} more</li>}
            </ul>
          )}
        </div>
      </div>
      <div className="pair">
        <FieldInput
          field={WORKERS}
          label="Workers"
          value={workers}
          fault={countFault}
          onChange={setWorkers}
        />
        <div className="field">
          <label htmlFor={`${id}-policy`}>Order</label>
          <select id={`${id}-policy`} value={policy} onChange={(event) => setPolicy(event.target.value)}>
            {Object.entries(POLICIES).map(([name, words]) => (
              <option key={name} value={name}>
                {words}
              </option>
            ))}
          </select>
        </div>
      </div>
    </JobSheet>
  );
}
