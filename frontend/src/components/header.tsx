import { useAppState } from "../app-context";
import { PAGES } from "../pages";
import type { ConnectionState } from "../store/app-store";
import { useTheme } from "../theme";
import "./header.css";
import { Link } from "./link";
import { Logo } from "./logo";

/** The header of every page; `current` is the view whose link is highlighted. */
export function Header({ current }: { current: string }) {
  return (
    <header className="header">
      <Link className="brand" to={{}} aria-label="Umbel">
        <Logo />
        <span>Umbel</span>
      </Link>
      <nav aria-label="Pages">
        {PAGES.filter((page) => !page.parent).map(({ view, title }) => (
          <Link key={view} to={{ view }} aria-current={view === current ? "page" : undefined}>
            {title}
          </Link>
        ))}
      </nav>
      <ConnectionIndicator />
      <ThemeToggle />
    </header>
  );
}

const CONNECTION_TEXT: Record<ConnectionState, string> = {
  connecting: "Connecting",
  live: "Live",
  reconnecting: "Reconnecting",
  offline: "Offline",
};

function ConnectionIndicator() {
  const { connection } = useAppState();
  return (
    <p className="connection" role="status" data-testid="connection" data-state={connection}>
      {CONNECTION_TEXT[connection]}
    </p>
  );
}

function ThemeToggle() {
  const [theme, toggle] = useTheme();
  const other = theme === "dark" ? "light" : "dark";
  return (
    <button type="button" className="theme" onClick={toggle} aria-label={`Switch to ${other} colours`}>
      <svg viewBox="0 0 24 24" aria-hidden="true">
        {theme === "dark" ? (
          <path d="M12 7.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9ZM12 2.5v1.5M12 20v1.5M2.5 12H4M20 12h1.5M5.3 5.3l1 1M17.7 17.7l1 1M5.3 18.7l1-1M17.7 6.3l1-1" />
        ) : (
          <path d="M20 14.2A8.2 8.2 0 0 1 9.8 4a8.2 8.2 0 1 0 10.2 10.2Z" />
        )}
      </svg>
    </button>
  );
}
