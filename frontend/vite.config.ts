import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

/** Where pictures and API calls may go: this origin, https, and plain http only on this machine, for the local engine. */
const SOURCES = "'self' https: http://127.0.0.1:* http://localhost:*";
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "font-src 'self'",
  `img-src ${SOURCES} blob:`,
  `connect-src ${SOURCES} wss: ws://127.0.0.1:* ws://localhost:*`,
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

/** Adds the policy to the build only: the development server needs inline scripts. */
const contentSecurityPolicy: Plugin = {
  name: "content-security-policy",
  apply: "build",
  transformIndexHtml: () => [
    {
      tag: "meta",
      attrs: { "http-equiv": "Content-Security-Policy", content: POLICY },
      injectTo: "head-prepend",
    },
  ],
};

/** Adds what the API reference in `public/docs` needs: Redoc and the generated documents. */
const apiReference: Plugin = {
  name: "api-reference",
  apply: "build",
  generateBundle() {
    const redoc = createRequire(import.meta.url).resolve("redoc/bundles/redoc.standalone.js");
    const files = {
      "redoc.standalone.js": redoc,
      "redoc.standalone.js.LICENSE.txt": `${redoc}.LICENSE.txt`,
      "openapi.json": new URL("../docs/openapi.json", import.meta.url),
      "asyncapi.json": new URL("../docs/asyncapi.json", import.meta.url),
    };
    for (const [name, path] of Object.entries(files)) {
      this.emitFile({ type: "asset", fileName: `docs/${name}`, source: readFileSync(path) });
    }
  },
};

export default defineConfig({
  // The page is served from a bucket's path locally and from a domain's root on AWS.
  base: "./",
  plugins: [react(), contentSecurityPolicy, apiReference],
  build: { target: "es2022", assetsInlineLimit: 0, modulePreload: { polyfill: false } },
});
