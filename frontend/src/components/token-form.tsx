import { type FormEvent, useId } from "react";
import { StartScreen } from "./start-screen";

interface Props {
  refused: boolean;
  onToken: (token: string) => void;
}

export function TokenForm({ refused, onToken }: Props) {
  const field = useId();
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const token = String(new FormData(event.currentTarget).get("token")).trim();
    // People often paste the whole URL instead of the token in it.
    if (token) onToken(/umb_[\w-]+/.exec(token)?.[0] ?? token);
  };
  return (
    <StartScreen title={refused ? "This token is not valid." : "Enter a token to open this page."}>
      {refused && (
        <p className="error-text" role="alert">
          The token is unknown, has expired or was revoked.
        </p>
      )}
      <p>
        <code>umbel status</code> prints the URL of this page with a token in it.{" "}
        <code>umbel token create</code> creates a new token. Paste the URL or the token.
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
          // biome-ignore lint/a11y/noAutofocus: the field is the only control on this page
          autoFocus
        />
        <button type="submit" className="button primary">
          Open
        </button>
      </form>
    </StartScreen>
  );
}
