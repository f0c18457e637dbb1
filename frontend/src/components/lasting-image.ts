import { useState } from "react";
import { useParts } from "../app-context";

interface LastingImage {
  src?: string;
  broken: boolean;
  onError: () => void;
  onLoad: () => void;
}

/** A result's address expires after an hour: one that fails is asked for anew, once, before it counts as broken. */
export function useLastingImage(jobId?: string, url?: string): LastingImage {
  const { session } = useParts();
  const [failed, setFailed] = useState<string[]>([]);
  const onError = () => {
    if (!url || failed.includes(url)) return;
    setFailed([...failed, url]);
    if (failed.length === 0 && jobId) session.refresh(jobId).catch(() => setFailed([url, url]));
  };
  const onLoad = () => {
    if (failed.length > 0) setFailed([]);
  };
  const expired = url !== undefined && failed.includes(url);
  return { src: url, broken: expired && failed.length > 1, onError, onLoad };
}
