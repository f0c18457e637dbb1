import { useEffect, useRef, useState } from "react";
import { type Picture, type PictureStatus, statusOf } from "../store/pictures";

const SPEAK_EVERY_MS = 1500;

/** Reads to screen readers which pictures were completed since the last update, in one sentence. */
export function ScreenReaderUpdates({ pictures }: { pictures: Picture[] }) {
  const lastStatuses = useRef(new Map<string, PictureStatus>());
  const latest = useRef(pictures);
  const [sentence, setSentence] = useState("");
  latest.current = pictures;

  useEffect(() => {
    const timer = setInterval(() => {
      const update = completedSince(lastStatuses.current, latest.current);
      if (update) setSentence(update);
    }, SPEAK_EVERY_MS);
    return () => clearInterval(timer);
  }, []);

  return (
    <p className="visually-hidden" aria-live="polite">
      {sentence}
    </p>
  );
}

/** Pictures that were completed before the page was opened are left out. Updates `lastStatuses`. */
function completedSince(lastStatuses: Map<string, PictureStatus>, pictures: Picture[]): string {
  const completed: string[] = [];
  for (const picture of pictures) {
    const status = statusOf(picture);
    const before = lastStatuses.get(picture.key);
    lastStatuses.set(picture.key, status);
    if (before && before !== status && status === "completed") {
      completed.push(picture.upload?.name ?? picture.entry?.job?.name ?? "a picture");
    }
  }
  if (completed.length === 0) return "";
  return completed.length < 4 ? `Ready: ${completed.join(", ")}.` : `${completed.length} pictures are ready.`;
}
