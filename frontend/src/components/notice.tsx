import { useUmbel } from "../app-context";
import "./notice.css";

/** Said once, calmly; what was begun goes on by itself. */
export function OfflineNotice() {
  const { connection } = useUmbel();
  if (connection !== "offline") return null;
  return (
    <p className="notice" role="status">
      You are offline. Uploads wait, and whatever is made meanwhile shows up when you are back.
    </p>
  );
}

/** Why nothing can be sent or changed. */
export function ViewerNotice() {
  const { role } = useUmbel();
  if (role !== "viewer") return null;
  return (
    <p className="notice" data-testid="read-only">
      This token reads and listens. To send, cancel or change anything takes an operator's:{" "}
      <code>umbel token create --role operator</code>
    </p>
  );
}
