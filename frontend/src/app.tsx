import { useCallback, useEffect, useState } from "react";
import { type Config, loadConfig } from "./api/config";
import { forget, keep, kept, takeFromAddress } from "./api/token";
import { Gate } from "./components/gate";
import { TokenForm } from "./components/token-form";
import { Workspace } from "./workspace";

/** What must be there before there is anything to show: the deployment's settings, and a token that it takes. */
export function App() {
  const [config, retry] = useConfig();
  const [token, setToken] = useState(tokenOnArrival);
  const [refused, setRefused] = useState(false);

  useEffect(() => {
    // A link with a new token, opened in a tab that is already here, changes nothing but the fragment.
    const arrived = () => takeFromAddress() && setToken(kept());
    addEventListener("hashchange", arrived);
    return () => removeEventListener("hashchange", arrived);
  }, []);

  const drop = useCallback((wasRefused: boolean) => {
    forget();
    setToken(null);
    setRefused(wasRefused);
  }, []);

  if (config === "loading") return <Gate title="Umbel" busy />;
  if (config === "missing") {
    return (
      <Gate title="Nothing is planted here yet.">
        <p>
          This page found no <code>config.json</code> beside it, which the deployment writes. Run{" "}
          <code>umbel up</code>, or wait for it to finish.
        </p>
        <button type="button" className="button primary" onClick={retry}>
          Look again
        </button>
      </Gate>
    );
  }
  if (!token) {
    const enter = (entered: string) => {
      keep(entered);
      setRefused(false);
      setToken(entered);
    };
    return <TokenForm refused={refused} onToken={enter} />;
  }
  return <Workspace key={token} config={config} token={token} onSignOut={drop} />;
}

function tokenOnArrival(): string | null {
  takeFromAddress();
  return kept();
}

function useConfig(): [Config | "loading" | "missing", () => void] {
  const [config, setConfig] = useState<Config | "loading" | "missing">("loading");
  const load = useCallback(() => {
    setConfig("loading");
    loadConfig().then(setConfig, () => setConfig("missing"));
  }, []);
  useEffect(load, [load]);
  return [config, load];
}
