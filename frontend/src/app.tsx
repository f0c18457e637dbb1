import { useCallback, useEffect, useState } from "react";
import { loadConfig } from "./api/config";
import type { PageConfig } from "./api/contract";
import { forgetToken, storedToken, storeToken, takeTokenFromUrl } from "./api/token";
import { StartScreen } from "./components/start-screen";
import { TokenForm } from "./components/token-form";
import { Workspace } from "./workspace";

/** Loads the deployment's settings and a token, then shows the workspace. */
export function App() {
  const [config, retry] = useConfig();
  const [token, setToken] = useState(initialToken);
  const [refused, setRefused] = useState(false);

  useEffect(() => {
    // A link with a new token that opens in a tab where the page is shown already changes only the fragment.
    const onHashChange = () => takeTokenFromUrl() && setToken(storedToken());
    addEventListener("hashchange", onHashChange);
    return () => removeEventListener("hashchange", onHashChange);
  }, []);

  const signOut = useCallback((wasRefused: boolean) => {
    forgetToken();
    setToken(null);
    setRefused(wasRefused);
  }, []);

  if (config === "loading") return <StartScreen title="Umbel" busy />;
  if (config === "missing") {
    return (
      <StartScreen title="Umbel is not deployed yet.">
        <p>
          The file <code>config.json</code>, which a deployment writes beside this page, is missing. Run{" "}
          <code>umbel up</code>, or wait until it has finished.
        </p>
        <button type="button" className="button primary" onClick={retry}>
          Try again
        </button>
      </StartScreen>
    );
  }
  if (!token) {
    const signIn = (entered: string) => {
      storeToken(entered);
      setRefused(false);
      setToken(entered);
    };
    return <TokenForm refused={refused} onToken={signIn} />;
  }
  return <Workspace key={token} config={config} token={token} onSignOut={signOut} />;
}

function initialToken(): string | null {
  takeTokenFromUrl();
  return storedToken();
}

function useConfig(): [PageConfig | "loading" | "missing", () => void] {
  const [config, setConfig] = useState<PageConfig | "loading" | "missing">("loading");
  const load = useCallback(() => {
    setConfig("loading");
    loadConfig().then(setConfig, () => setConfig("missing"));
  }, []);
  useEffect(load, [load]);
  return [config, load];
}
