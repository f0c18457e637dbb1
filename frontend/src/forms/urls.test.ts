import { expect, it } from "vitest";
import { readAddresses } from "./urls";

it("takes an address a line, and names the lines that have none", () => {
  expect(
    readAddresses("http://a.example/\n\n  https://b.example/x?y  \r\nftp://c\nhttp://\nhello\n"),
  ).toEqual({
    urls: ["http://a.example/", "https://b.example/x?y"],
    faults: [
      { line: 4, text: "ftp://c" },
      { line: 5, text: "http://" },
      { line: 6, text: "hello" },
    ],
  });
});
