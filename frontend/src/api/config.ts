/** The settings that the deployment publishes beside the page, so that one build serves every deployment. */

export interface Config {
  api: string;
  socket: string;
  recipes: Record<string, string[]>;
  formats: string[];
  max_upload_bytes: number;
  uploads_bucket?: string;
}

export async function loadConfig(): Promise<Config> {
  const response = await fetch("./config.json", { cache: "no-cache" });
  if (!response.ok) throw new Error(`config.json: ${response.status}`);
  return resolve((await response.json()) as Partial<Config>, location.href);
}

/** Completes the settings. URLs may be relative to the page; the socket's scheme then follows the page's. */
export function resolve(published: Partial<Config>, page: string): Config {
  if (!published.api || !published.socket) throw new Error("config.json has no api or socket");
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

/** Returns the names of the variants that a picture of this recipe gets, in the order of the recipe's file. */
export function variantsOf(config: Config, recipe?: string | null): string[] {
  return config.recipes[recipe ?? "default"] ?? config.recipes.default ?? [];
}
