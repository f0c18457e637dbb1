import type { AnchorHTMLAttributes, MouseEvent } from "react";
import { hrefFor, navigate, type Route } from "../router";

interface Props extends Omit<AnchorHTMLAttributes<HTMLAnchorElement>, "href" | "onClick"> {
  to: Route;
}

/** A link to another page of the app. With a modifier key the browser opens it, for example in a new tab. */
export function Link({ to, ...rest }: Props) {
  const follow = (event: MouseEvent) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    navigate(to);
  };
  return <a {...rest} href={hrefFor(to)} onClick={follow} />;
}
