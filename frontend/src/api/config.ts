/** What the deployment publishes beside the page, so that one build serves every target. */

export interface Config {
  api: string;
  socket: string;
  recipes: Record<string, string[]>;
  formats: string[];
  max_upload_bytes: number;
  uploads_bucket?: string;
}

export async function loadConfig(): Promise<Config> {
  const answer = await fetch("./config.json", { cache: "no-cache" });
  if (!answer.ok) throw new Error(`config.json: ${answer.status}`);
  return resolve((await answer.json()) as Partial<Config>, location.href);
}

/** Addresses may be relative to the page's origin; the socket's scheme then follows the page's. */
export function resolve(published: Partial<Config>, page: string): Config {
  if (!published.api || !published.socket) throw new Error("config.json names no api or socket");
  const socket = new URL(published.socket, page);
  socket.protocol = socket.protocol.replace("http", "ws");
  return {
    ...published,
    api: new URL(published.api, page).href.replace(/\/$/, ""),
    socket: socket.href,
    recipes: published.recipes ?? {},
    formats: published.formats ?? ["image/jpeg", "image/png", "image/webp"],
    max_upload_bytes: published.max_upload_bytes ?? Number.POSITIVE_INFINITY,
  };
}

/** The variants that a picture of this recipe will have, in the order of the recipe's file. */
export function variantsOf(config: Config, recipe?: string | null): string[] {
  return config.recipes[recipe ?? "default"] ?? config.recipes.default ?? [];
}
