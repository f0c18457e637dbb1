import { useEffect, useRef, useState } from "react";
import { type Picture, type PictureStatus, statusOf } from "../store/pictures";

/** Tells who cannot see the page what has ended since it last spoke; a burst makes one sentence. */
export function Announcer({ pictures }: { pictures: Picture[] }) {
  const seen = useRef(new Map<string, PictureStatus>());
  const latest = useRef(pictures);
  const [sentence, setSentence] = useState("");
  latest.current = pictures;

  useEffect(() => {
    const speaking = setInterval(() => {
      const said = news(latest.current, seen.current);
      if (said) setSentence(said);
    }, 1500);
    return () => clearInterval(speaking);
  }, []);

  return (
    <p className="visually-hidden" aria-live="polite">
      {sentence}
    </p>
  );
}

function news(pictures: Picture[], seen: Map<string, PictureStatus>): string {
  const ended: string[] = [];
  for (const picture of pictures) {
    const status = statusOf(picture);
    const before = seen.get(picture.key);
    seen.set(picture.key, status);
    // What had ended before this page was opened is no news.
    if (before && before !== status && status === "completed") {
      ended.push(picture.upload?.name ?? picture.entry?.job?.name ?? "a picture");
    }
  }
  if (ended.length === 0) return "";
  return ended.length < 4 ? `Ready: ${ended.join(", ")}.` : `${ended.length} pictures are ready.`;
}
