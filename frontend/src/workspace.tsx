import { UppyContextProvider } from "@uppy/react";
import { useEffect, useState } from "react";
import { Client } from "./api/client";
import type { Config } from "./api/config";
import { Header } from "./components/header";
import { OfflineNotice } from "./components/notice";
import { Session } from "./live/session";
import { PAGES } from "./pages";
import { type Parts, PartsContext } from "./parts";
import { Store } from "./store/store";
import { Uploads } from "./upload/uploads";
import { useView } from "./view";
import "./workspace.css";

interface Props {
  config: Config;
  token: string;
  onSignOut: (refused: boolean) => void;
}

/** The app for one token: its parts are made on entering and closed on leaving. */
export function Workspace({ config, token, onSignOut }: Props) {
  const [parts, setParts] = useState<Parts>();
  const [dragging, setDragging] = useState(false);
  const [view, go] = useView();

  useEffect(() => {
    const store = new Store();
    const client = new Client(config.api, token, () => onSignOut(true));
    const session = new Session(config, token, client, store);
    const uploads = new Uploads(config, client, store, setDragging);
    setParts({ config, store, session, uploads });
    return () => {
      uploads.close();
      session.close();
    };
  }, [config, token, onSignOut]);

  if (!parts) return null;
  const { Page } = PAGES.find((page) => page.view === view) ?? PAGES[0];
  return (
    <PartsContext value={parts}>
      <UppyContextProvider uppy={parts.uploads.uppy}>
        <div className="workspace" data-dragging={dragging || undefined}>
          <Header view={view} onView={go} />
          <OfflineNotice />
          <main>
            <Page />
          </main>
          <footer>
            <button type="button" onClick={() => onSignOut(false)}>
              Forget this token
            </button>
          </footer>
        </div>
      </UppyContextProvider>
    </PartsContext>
  );
}
