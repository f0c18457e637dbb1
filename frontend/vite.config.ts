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

export default defineConfig({
  // The page is served from a bucket's path locally and from a domain's root on AWS.
  base: "./",
  plugins: [react(), contentSecurityPolicy],
  build: { target: "es2022", assetsInlineLimit: 0, modulePreload: { polyfill: false } },
});
