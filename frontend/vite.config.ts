import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";
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

const REDOC = createRequire(import.meta.url).resolve("redoc/bundles/redoc.standalone.js");
/** Redoc shows its maker's logo from another host, which the page's policy refuses, and has no option to leave it out. */
const REDOC_LOGO = "https://cdn.redoc.ly/redoc/logo-mini.svg";

/** Adds what the API reference in `public/docs` needs: Redoc without its logo and the generated documents. */
const apiReference: Plugin = {
  name: "api-reference",
  apply: "build",
  generateBundle() {
    const parts = readFileSync(REDOC, "utf-8").split(REDOC_LOGO);
    if (parts.length !== 2) this.error(`Redoc names ${REDOC_LOGO} ${parts.length - 1} times, not once`);
    const files = {
      // An image that cannot be shown: Redoc leaves it out.
      "redoc.standalone.js": parts.join("data:,"),
      "redoc.standalone.js.LICENSE.txt": readFileSync(`${REDOC}.LICENSE.txt`),
      "openapi.json": readFileSync(new URL("../docs/openapi.json", import.meta.url)),
      "asyncapi.json": readFileSync(new URL("../docs/asyncapi.json", import.meta.url)),
    };
    for (const [name, source] of Object.entries(files)) {
      this.emitFile({ type: "asset", fileName: `docs/${name}`, source });
    }
  },
};

const LICENSES = "licenses.txt";

/** Adds the licences of the fonts and of Redoc to the list that Vite makes of the modules. */
const assetLicenses: Plugin = {
  name: "asset-licenses",
  apply: "build",
  generateBundle: {
    order: "post",
    handler(_, bundle) {
      const list = bundle[LICENSES];
      if (list?.type !== "asset") return this.error(`${LICENSES} was not made`);
      const files = Object.values(bundle).flatMap((file) =>
        file.type === "asset" ? file.originalFileNames : [],
      );
      const packages = files.map((file) => resolve(import.meta.dirname, file)).map(packageOf);
      const texts = [...new Set([...packages, packageOf(REDOC)])]
        .filter((folder) => folder !== undefined)
        .map(license);
      const notices = readFileSync(`${REDOC}.LICENSE.txt`, "utf-8");
      list.source = [list.source, ...texts, "## Packages inside redoc", notices].join("\n\n");
    },
  },
};

/** Returns the folder of the npm package that a file is of. */
function packageOf(file: string): string | undefined {
  return /^.*\/node_modules\/(@[^/]+\/)?[^/]+/.exec(file)?.[0];
}

function license(folder: string): string {
  const { name, version, license } = JSON.parse(readFileSync(`${folder}/package.json`, "utf-8"));
  return `## ${name} - ${version} (${license})\n\n${readFileSync(`${folder}/LICENSE`, "utf-8").trim()}`;
}

export default defineConfig({
  // The page is served from a bucket's path locally and from a domain's root on AWS.
  base: "./",
  plugins: [react(), contentSecurityPolicy, apiReference, assetLicenses],
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    license: { fileName: LICENSES },
  },
});
