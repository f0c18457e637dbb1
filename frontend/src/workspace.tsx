import { UppyContextProvider } from "@uppy/react";
import { useEffect, useRef, useState } from "react";
import { Client } from "./api/client";
import type { PageConfig } from "./api/contract";
import { type App, AppContext } from "./app-context";
import { Events } from "./components/events";
import { Header } from "./components/header";
import { OfflineNotice } from "./components/notice";
import { LedgerSync } from "./live/ledger-sync";
import { PAGES } from "./pages";
import { useQuery } from "./router";
import { AppStore } from "./store/app-store";
import { Uploads } from "./upload/uploads";
import "./workspace.css";

interface Props {
  config: PageConfig;
  token: string;
  onSignOut: (refused: boolean) => void;
}

/** The page after sign-in. It creates the app's objects for one token and closes them when the token changes. */
export function Workspace({ config, token, onSignOut }: Props) {
  const [app, setApp] = useState<App>();
  const [dragging, setDragging] = useState(false);
  const view = useQuery().get("view") ?? "";
  const page = PAGES.find((one) => one.view === view) ?? PAGES[0];
  const main = usePageTitle(page.view, page.title);

  useEffect(() => {
    const store = new AppStore(config.limits.kept_variants);
    const client = new Client(config.api, token, () => onSignOut(true));
    const sync = new LedgerSync(config, token, client, store);
    const uploads = new Uploads(config, client, store, setDragging);
    setApp({ config, client, store, sync, uploads });
    return () => {
      uploads.close();
      sync.close();
    };
  }, [config, token, onSignOut]);

  if (!app) return null;
  return (
    <AppContext value={app}>
      <UppyContextProvider uppy={app.uploads.uppy}>
        <div className="workspace" data-dragging={dragging || undefined}>
          <Header current={page.parent ?? page.view} />
          <OfflineNotice />
          <main ref={main} tabIndex={-1}>
            <page.Page />
          </main>
          <footer>
            <a href="./docs/index.html">API reference</a>
            <a href="./licenses.txt">Licences</a>
            <button type="button" onClick={() => onSignOut(false)}>
              Forget this token
            </button>
          </footer>
          <Events />
        </div>
      </UppyContextProvider>
    </AppContext>
  );
}

/** Sets the document's title, and moves the focus to the top of a newly opened page for keyboards and screen readers. */
function usePageTitle(view: string, title: string) {
  const main = useRef<HTMLElement>(null);
  const previousView = useRef(view);
  useEffect(() => {
    document.title = view ? `${title} · Umbel` : "Umbel";
    if (previousView.current !== view) main.current?.focus({ preventScroll: true });
    previousView.current = view;
  }, [view, title]);
  return main;
}
