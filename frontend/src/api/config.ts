import type { PageConfig } from "./contract";

/** The settings that the deployment publishes beside the page, so that one build serves every deployment. */
export async function loadConfig(): Promise<PageConfig> {
  const response = await fetch("./config.json", { cache: "no-cache" });
  if (!response.ok) throw new Error(`config.json: ${response.status}`);
  return withFullUrls((await response.json()) as PageConfig, location.href);
}

/** Completes the URLs, which may be relative to the page; the socket's scheme then follows the page's. */
export function withFullUrls(published: PageConfig, page: string): PageConfig {
  const socket = new URL(published.socket, page);
  socket.protocol = socket.protocol.replace("http", "ws");
  return {
    ...published,
    api: new URL(published.api, page).href.replace(/\/$/, ""),
    socket: socket.href,
  };
}

/** Returns the names of the variants that a picture of this recipe gets, in the order of the recipe's file. */
export function variantsOf({ recipes }: PageConfig, recipe?: string | null): string[] {
  return recipes[recipe ?? "default"] ?? recipes.default ?? [];
}
