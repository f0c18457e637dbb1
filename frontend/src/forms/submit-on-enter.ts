import type { KeyboardEvent } from "react";

/** In a text of several lines Enter begins a line; with Ctrl or Command it sends. */
export function submitOnEnter(event: KeyboardEvent<HTMLFormElement>): void {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
  event.preventDefault();
  event.currentTarget.requestSubmit();
}
