import { type FormEvent, useId } from "react";
import { Gate } from "./gate";

interface Props {
  refused: boolean;
  onToken: (token: string) => void;
}

export function TokenForm({ refused, onToken }: Props) {
  const field = useId();
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const token = String(new FormData(event.currentTarget).get("token")).trim();
    // People paste the whole address as often as the token in it.
    if (token) onToken(/umb_[\w-]+/.exec(token)?.[0] ?? token);
  };
  return (
    <Gate title={refused ? "This token opens nothing." : "A token opens this page."}>
      {refused && (
        <p className="sentence" role="alert">
          It is unknown here, has expired or was revoked.
        </p>
      )}
      <p>
        <code>umbel status</code> prints the address with a token in it, and <code>umbel token create</code>{" "}
        makes another. Paste either.
      </p>
      <form className="token-form" onSubmit={submit}>
        <label className="visually-hidden" htmlFor={field}>
          Token
        </label>
        <input
          id={field}
          name="token"
          placeholder="umb_…"
          autoComplete="off"
          spellCheck={false}
          // biome-ignore lint/a11y/noAutofocus: it is the only thing to do on this page
          autoFocus
        />
        <button type="submit" className="button primary">
          Open
        </button>
      </form>
    </Gate>
  );
}
