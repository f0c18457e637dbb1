import { type FormEvent, useEffect, useId, useState } from "react";
import { ApiError } from "../api/client";
import { useApp, useAppState } from "../app-context";

interface Props {
  op: string;
  current: number;
  /** The concurrency that the op's file declares; resuming a paused op sets it. */
  declared: number;
  onChange: () => void;
}

/** Shows and sets how many tasks of an op run at the same time. 0 pauses the op; its tasks stay in the queue. */
export function Concurrency({ op, current, declared, onChange }: Props) {
  const id = useId();
  const { client } = useApp();
  const { role } = useAppState();
  const [typed, setTyped] = useState<string>();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string>();
  // When the server reports the typed number, the field follows the server again.
  useEffect(() => setTyped((before) => (before === String(current) ? undefined : before)), [current]);

  const set = async (wanted: number) => {
    setBusy(true);
    setError(undefined);
    try {
      await client.scale(op, wanted);
      setTyped(undefined);
      onChange();
    } catch (caught) {
      if (!(caught instanceof ApiError)) throw caught;
      setError(caught.message);
    } finally {
      setBusy(false);
    }
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const wanted = Number(typed);
    if (typed === undefined || wanted === current) return setTyped(undefined);
    if (typed.trim() === "" || !Number.isInteger(wanted)) return setError("This must be a whole number.");
    void set(wanted);
  };

  return (
    <form className="concurrency" onSubmit={submit} aria-busy={busy} noValidate>
      <label htmlFor={id}>at a time</label>
      <input
        id={id}
        inputMode="numeric"
        size={4}
        value={typed ?? current}
        disabled={role === "viewer"}
        aria-label={`Concurrency of ${op}`}
        aria-invalid={error !== undefined}
        onChange={(event) => {
          setTyped(event.target.value);
          setError(undefined);
        }}
      />
      {typed !== undefined && typed !== String(current) ? (
        <button type="submit" className="button quiet" disabled={busy}>
          Set
        </button>
      ) : (
        <button
          type="button"
          className="button quiet"
          disabled={busy || role === "viewer"}
          onClick={() => void set(current === 0 ? declared || 1 : 0)}
          aria-label={`${current === 0 ? "Resume" : "Pause"} ${op}`}
        >
          {current === 0 ? "Resume" : "Pause"}
        </button>
      )}
      <p className="error-text" role="alert">
        {error}
      </p>
    </form>
  );
}
