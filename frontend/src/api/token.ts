/** The token arrives in the address's fragment, which no server sees, and leaves it at once. */

const KEY = "umbel.token";

/** Takes a token out of the fragment, if there is one; true when there was. */
export function takeFromAddress(): boolean {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  if (!token) return false;
  keep(token);
  history.replaceState(history.state, "", location.pathname + location.search);
  return true;
}

export function kept(): string | null {
  return localStorage.getItem(KEY);
}

export function keep(token: string): void {
  localStorage.setItem(KEY, token);
}

export function forget(): void {
  localStorage.removeItem(KEY);
}
