import { UppyContextProvider } from "@uppy/react";
import { useEffect, useRef, useState } from "react";
import { Client } from "./api/client";
import type { Config } from "./api/config";
import { type Parts, PartsContext } from "./app-context";
import { Events } from "./components/events";
import { Header } from "./components/header";
import { OfflineNotice } from "./components/notice";
import { Session } from "./live/session";
import { PAGES } from "./pages";
import { Store } from "./store/store";
import { Uploads } from "./upload/uploads";
import { useAddress } from "./view";
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
  const view = useAddress().get("view") ?? "";
  const page = PAGES.find((one) => one.view === view) ?? PAGES[0];
  const main = useArrival(page.view, page.title);

  useEffect(() => {
    const store = new Store();
    const client = new Client(config.api, token, () => onSignOut(true));
    const session = new Session(config, token, client, store);
    const uploads = new Uploads(config, client, store, setDragging);
    setParts({ config, client, store, session, uploads });
    return () => {
      uploads.close();
      session.close();
    };
  }, [config, token, onSignOut]);

  if (!parts) return null;
  return (
    <PartsContext value={parts}>
      <UppyContextProvider uppy={parts.uploads.uppy}>
        <div className="workspace" data-dragging={dragging || undefined}>
          <Header current={page.within ?? page.view} />
          <OfflineNotice />
          <main ref={main} tabIndex={-1}>
            <page.Page />
          </main>
          <footer>
            <button type="button" onClick={() => onSignOut(false)}>
              Forget this token
            </button>
          </footer>
          <Events />
        </div>
      </UppyContextProvider>
    </PartsContext>
  );
}

/** Going to another page is an arrival: its title changes, and who reads by keyboard or by ear begins at its top. */
function useArrival(view: string, title: string) {
  const main = useRef<HTMLElement>(null);
  const before = useRef(view);
  useEffect(() => {
    document.title = view ? `${title} · Umbel` : "Umbel";
    if (before.current !== view) main.current?.focus({ preventScroll: true });
    before.current = view;
  }, [view, title]);
  return main;
}
