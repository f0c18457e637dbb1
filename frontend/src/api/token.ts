/** The access token: it arrives in the URL's fragment, which no server sees, and is kept in the browser. */

const KEY = "umbel.token";

/** Moves a token from the URL's fragment to the browser's storage; true when there was one. */
export function takeTokenFromUrl(): boolean {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  if (!token) return false;
  storeToken(token);
  history.replaceState(history.state, "", location.pathname + location.search);
  return true;
}

export function storedToken(): string | null {
  return localStorage.getItem(KEY);
}

export function storeToken(token: string): void {
  localStorage.setItem(KEY, token);
}

export function forgetToken(): void {
  localStorage.removeItem(KEY);
}
