import { useEffect, useState } from "react";

/** A command to take along. Over plain HTTP from another machine a page has no clipboard: the text can be marked. */
export function CopyLine({ text }: { text: string }) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const back = setTimeout(() => setCopied(false), 2000);
    return () => clearTimeout(back);
  }, [copied]);
  const copy = () => void navigator.clipboard.writeText(text).then(() => setCopied(true));
  return (
    <div className="copy-line">
      <code>{text}</code>
      {"clipboard" in navigator && (
        <button type="button" className="button quiet" onClick={copy} aria-label={`Copy: ${text}`}>
          <span aria-live="polite">{copied ? "Copied" : "Copy"}</span>
        </button>
      )}
    </div>
  );
}
