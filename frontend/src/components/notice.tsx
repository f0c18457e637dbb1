import { useAppState } from "../app-context";
import "./notice.css";

/** Shown while the browser is offline. */
export function OfflineNotice() {
  const { connection } = useAppState();
  if (connection !== "offline") return null;
  return (
    <p className="notice" role="status">
      You are offline. Uploads continue, and the page is updated, when the connection is back.
    </p>
  );
}

/** Shown to a viewer, who cannot send or change anything. */
export function ViewerNotice() {
  const { role } = useAppState();
  if (role !== "viewer") return null;
  return (
    <p className="notice" data-testid="read-only">
      This token can only read. To send, cancel or change anything, create an operator's token:{" "}
      <code>umbel token create --role operator</code>
    </p>
  );
}
