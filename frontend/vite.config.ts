import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

/** Pictures and calls go to this origin or over TLS; plain http only to this machine, where the local engine is. */
const OURS = "'self' https: http://127.0.0.1:* http://localhost:*";
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "font-src 'self'",
  `img-src ${OURS} blob:`,
  `connect-src ${OURS} wss: ws://127.0.0.1:* ws://localhost:*`,
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

/** Only in the build: the development server needs inline scripts. */
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
