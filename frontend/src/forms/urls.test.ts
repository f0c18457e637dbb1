import { expect, it } from "vitest";
import { parseUrls } from "./urls";

it("reads a URL per line and reports the lines that are not a URL", () => {
  expect(parseUrls("http://a.example/\n\n  https://b.example/x?y  \r\nftp://c\nhttp://\nhello\n")).toEqual({
    urls: ["http://a.example/", "https://b.example/x?y"],
    errors: [
      { line: 4, text: "ftp://c" },
      { line: 5, text: "http://" },
      { line: 6, text: "hello" },
    ],
  });
});
