import { expect, it, test } from "vitest";
import { imagesPerStore, parseVisits } from "./visits";

const A = "http://a.example/1.jpg";
const B = "http://a.example/2.jpg";

it("reads a body of POST /batches, or its visits alone", () => {
  const visits = [{ store_id: "S1", image_url: [A, B], visit_time: "noon" }];
  expect(parseVisits(JSON.stringify({ count: 1, visits, gpu_seconds: 0.4 }))).toEqual({
    visits,
    errors: [],
    gpuSeconds: 0.4,
  });
  expect(parseVisits(JSON.stringify(visits)).visits).toEqual(visits);
});

it("reads CSV, with and without a first line of names", () => {
  const visits = [
    { store_id: "S1", image_url: [A, B] },
    { store_id: 'The "Corner", Hull', image_url: [A], visit_time: "noon" },
  ];
  const lines = `S1,${A}\nS1,${B}\r\n"The ""Corner"", Hull",${A},noon\n`;
  expect(parseVisits(lines)).toEqual({ visits, errors: [] });
  expect(parseVisits(`store_id,image_url,visit_time\n${lines}`)).toEqual({ visits, errors: [] });
  expect(parseVisits(`image_url,store_id\n${A},S1\n`).visits).toEqual([{ store_id: "S1", image_url: [A] }]);
});

test.each([
  ["{", "$: not JSON"],
  ["{}", "$.visits: Expected `array`"],
  [
    '{"count": 2, "visits": [{"store_id": "S", "image_url": ["http://a/"]}]}',
    "$.count: 2, but there are 1 visits",
  ],
  [
    '[{"store_id": "S", "image_url": ["a"]}]',
    "$.visits[0].image_url[0]: 'a' is not an http or https address",
  ],
  ['[{"store_id": "", "image_url": ["http://a/"]}]', "$.visits[0].store_id"],
  ["[null]", "$.visits[0].store_id"],
  ['[{"store_id": "S", "image_url": []}]', "$.visits[0].image_url: Expected `array` of length >= 1"],
  ["S1,http://a/\nS2,nowhere", "line 2: 'nowhere' is not an http or https address"],
  [",http://a/", "line 1: a store_id has 1 to 128 characters"],
])("names the place of what is wrong: %s", (text, sentence) => {
  expect(parseVisits(text).errors[0]).toContain(sentence);
});

it("counts images by store, over all its visits", () => {
  const { visits } = parseVisits(`S1,${A}\nS2,${A}\nS1,${B}`);
  expect([...imagesPerStore(visits)]).toEqual([
    ["S1", 2],
    ["S2", 1],
  ]);
});
