import { expect, it } from "vitest";
import { sampleConfig } from "../api/samples";
import { parseUrls } from "./urls";

const { limits } = sampleConfig({});

it("reads a URL per line and reports the lines that are not a URL", () => {
  expect(
    parseUrls("http://a.example/\n\n  https://b.example/x?y  \r\nftp://c\nhttp://\nhello\n", limits),
  ).toEqual({
    urls: ["http://a.example/", "https://b.example/x?y"],
    errors: [
      { line: 4, text: "ftp://c" },
      { line: 5, text: "http://" },
      { line: 6, text: "hello" },
    ],
  });
});

it("takes URLs up to the length that the deployment publishes", () => {
  const short = { ...limits, max_url_length: 12 };
  expect(parseUrls("http://a.exa\nhttp://a.exam", short)).toEqual({
    urls: ["http://a.exa"],
    errors: [{ line: 2, text: "http://a.exam" }],
  });
});
