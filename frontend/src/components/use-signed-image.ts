import { useState } from "react";
import { useApp } from "../app-context";

interface SignedImage {
  src?: string;
  broken: boolean;
  onError: () => void;
  onLoad: () => void;
}

/**
 * Returns the attributes of an image with a signed URL, which expires after an hour at most. When the image fails to load, its
 * job is read again for a new URL, once; after a second failure the image is `broken`.
 */
export function useSignedImage(jobId?: string, url?: string): SignedImage {
  const { sync } = useApp();
  const [failedUrls, setFailedUrls] = useState<string[]>([]);
  const onError = () => {
    if (!url || failedUrls.includes(url)) return;
    setFailedUrls([...failedUrls, url]);
    if (failedUrls.length === 0 && jobId) sync.refresh(jobId).catch(() => setFailedUrls([url, url]));
  };
  const onLoad = () => {
    if (failedUrls.length > 0) setFailedUrls([]);
  };
  const failed = url !== undefined && failedUrls.includes(url);
  return { src: url, broken: failed && failedUrls.length > 1, onError, onLoad };
}
