import type { ReactNode } from "react";
import "./start-screen.css";
import { UmbelDrawing } from "./umbel-drawing";

interface Props {
  title: string;
  busy?: boolean;
  children?: ReactNode;
}

/** The screen before the app: while it loads, when it is not deployed, and when it needs a token. */
export function StartScreen({ title, busy = false, children }: Props) {
  return (
    <main className="start-screen" aria-busy={busy}>
      <UmbelDrawing />
      <h1>{title}</h1>
      {children}
    </main>
  );
}
