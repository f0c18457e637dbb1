import { useEffect, useState } from "react";

/** A line of text with a Copy button. Browsers give no clipboard over plain HTTP from another machine; then only the text is shown. */
export function CopyLine({ text }: { text: string }) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), 2000);
    return () => clearTimeout(timer);
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
