import { describe, expect, test } from "vitest";
import { variantsOf, withFullUrls } from "./config";
import { sampleConfig } from "./samples";

const LOCAL = "http://127.0.0.1:4566/web-bucket/index.html";
const REMOTE = "https://d1.cloudfront.net/";

test.each([
  [
    "a path on this machine",
    "/_aws/execute-api/abc/v1",
    "/_aws/execute-api/xyz/live",
    LOCAL,
    "http://127.0.0.1:4566/_aws/execute-api/abc/v1",
    "ws://127.0.0.1:4566/_aws/execute-api/xyz/live",
  ],
  [
    "a path over TLS",
    "/v1/",
    "/live",
    REMOTE,
    "https://d1.cloudfront.net/v1",
    "wss://d1.cloudfront.net/live",
  ],
  [
    "a full URL",
    "https://a.example/v1",
    "wss://b.example/live",
    REMOTE,
    "https://a.example/v1",
    "wss://b.example/live",
  ],
])("finds the api and the socket by %s", (_, api, socket, page, foundApi, foundSocket) => {
  expect(withFullUrls(sampleConfig({ api, socket }), page)).toMatchObject({
    api: foundApi,
    socket: foundSocket,
  });
});

describe("the variants", () => {
  const config = sampleConfig({ recipes: { default: ["thumbnail", "blur"], hero: ["large"] } });
  test.each([
    [undefined, ["thumbnail", "blur"]],
    [null, ["thumbnail", "blur"]],
    ["hero", ["large"]],
    ["removed since", ["thumbnail", "blur"]],
  ])("of recipe %s", (recipe, expected) => expect(variantsOf(config, recipe)).toEqual(expected));
});
