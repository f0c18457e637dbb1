import { useEffect, useState } from "react";

type Theme = "light" | "dark";

const KEY = "umbel.theme";
const darkness = matchMedia("(prefers-color-scheme: dark)");

const system = (): Theme => (darkness.matches ? "dark" : "light");

function current(): Theme {
  const chosen = localStorage.getItem(KEY);
  return chosen === "light" || chosen === "dark" ? chosen : system();
}

function show(theme: Theme): void {
  document.documentElement.dataset.theme = theme;
}

/** Before anything renders, so that no other colour flashes by. */
show(current());

/** The theme and its toggle. Choosing what the system has anyway goes back to following it. */
export function useTheme(): [Theme, () => void] {
  const [theme, setTheme] = useState(current);
  useEffect(() => {
    const follow = () => setTheme(current());
    darkness.addEventListener("change", follow);
    return () => darkness.removeEventListener("change", follow);
  }, []);
  useEffect(() => show(theme), [theme]);
  const toggle = () => {
    const other = theme === "dark" ? "light" : "dark";
    if (other === system()) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, other);
    setTheme(other);
  };
  return [theme, toggle];
}
