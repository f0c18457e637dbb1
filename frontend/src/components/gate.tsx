import type { ReactNode } from "react";
import "./gate.css";
import { UmbelDrawing } from "./umbel";

interface Props {
  title: string;
  busy?: boolean;
  children?: ReactNode;
}

/** What stands before the app: loading, not deployed, no token. */
export function Gate({ title, busy = false, children }: Props) {
  return (
    <main className="gate" aria-busy={busy}>
      <UmbelDrawing />
      <h1>{title}</h1>
      {children}
    </main>
  );
}
