import type { AnchorHTMLAttributes, MouseEvent } from "react";
import { go, hrefOf, type Place } from "../view";

interface Props extends Omit<AnchorHTMLAttributes<HTMLAnchorElement>, "href" | "onClick"> {
  to: Place;
}

/** A link to another place in the app; with a modifier key it opens as links do. */
export function Link({ to, ...rest }: Props) {
  const follow = (event: MouseEvent) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    go(to);
  };
  return <a {...rest} href={hrefOf(to)} onClick={follow} />;
}
