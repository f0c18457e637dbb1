import type { KeyboardEvent } from "react";

/** Submits the form on Ctrl+Enter or Command+Enter; Enter alone begins a new line in a text of several lines. */
export function submitOnCtrlEnter(event: KeyboardEvent<HTMLFormElement>): void {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
  event.preventDefault();
  event.currentTarget.requestSubmit();
}
