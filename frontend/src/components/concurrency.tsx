import { type FormEvent, useEffect, useId, useState } from "react";
import { ApiError } from "../api/client";
import { useParts, useUmbel } from "../app-context";

interface Props {
  op: string;
  now: number;
  /** What the op's file declares, which a pause goes back to. */
  declared: number;
  onChange: () => void;
}

/** How many of an op run at a time: an operator's one number, changed in place; 0 pauses and loses nothing. */
export function Concurrency({ op, now, declared, onChange }: Props) {
  const id = useId();
  const { client } = useParts();
  const { role } = useUmbel();
  const [typed, setTyped] = useState<string>();
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<string>();
  // Once the server says so, what was typed is what is.
  useEffect(() => setTyped((before) => (before === String(now) ? undefined : before)), [now]);

  const set = async (wanted: number) => {
    setBusy(true);
    setFault(undefined);
    try {
      await client.scale(op, wanted);
      setTyped(undefined);
      onChange();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      setFault(error.message);
    } finally {
      setBusy(false);
    }
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const wanted = Number(typed);
    if (typed === undefined || wanted === now) return setTyped(undefined);
    if (typed.trim() === "" || !Number.isInteger(wanted)) return setFault("Expected `int`, got `str`");
    void set(wanted);
  };

  return (
    <form className="concurrency" onSubmit={submit} aria-busy={busy} noValidate>
      <label htmlFor={id}>at a time</label>
      <input
        id={id}
        inputMode="numeric"
        size={4}
        value={typed ?? now}
        disabled={role === "viewer"}
        aria-label={`Concurrency of ${op}`}
        aria-invalid={fault !== undefined}
        onChange={(event) => {
          setTyped(event.target.value);
          setFault(undefined);
        }}
      />
      {typed !== undefined && typed !== String(now) ? (
        <button type="submit" className="button quiet" disabled={busy}>
          Set
        </button>
      ) : (
        <button
          type="button"
          className="button quiet"
          disabled={busy || role === "viewer"}
          onClick={() => void set(now === 0 ? declared || 1 : 0)}
          aria-label={`${now === 0 ? "Resume" : "Pause"} ${op}`}
        >
          {now === 0 ? "Resume" : "Pause"}
        </button>
      )}
      <p className="sentence" role="alert">
        {fault}
      </p>
    </form>
  );
}
