import { useUmbel } from "../parts";
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
