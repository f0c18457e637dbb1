import { useEffect, useState } from "react";

type Theme = "light" | "dark";

const KEY = "umbel.theme";
const prefersDark = matchMedia("(prefers-color-scheme: dark)");

const system = (): Theme => (prefersDark.matches ? "dark" : "light");

function current(): Theme {
  const chosen = localStorage.getItem(KEY);
  return chosen === "light" || chosen === "dark" ? chosen : system();
}

function show(theme: Theme): void {
  document.documentElement.dataset.theme = theme;
}

// Set before the first render, so that the page does not flash in the other colours.
show(current());

/** Returns the theme and a function that switches it. Switching back to the system's theme follows the system again. */
export function useTheme(): [Theme, () => void] {
  const [theme, setTheme] = useState(current);
  useEffect(() => {
    const onChange = () => setTheme(current());
    prefersDark.addEventListener("change", onChange);
    return () => prefersDark.removeEventListener("change", onChange);
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
