import { describe, expect, it, test } from "vitest";
import { sampleConfig } from "../api/samples";
import { imagesPerStore, parseVisits } from "./visits";

const { limits } = sampleConfig({});
const A = "http://a.example/1.jpg";
const B = "http://a.example/2.jpg";

it("reads a body of POST /batches, or its visits alone", () => {
  const visits = [{ store_id: "S1", image_url: [A, B], visit_time: "noon" }];
  expect(parseVisits(JSON.stringify({ count: 1, visits, gpu_seconds: 0.4 }), limits)).toEqual({
    visits,
    errors: [],
    gpuSeconds: 0.4,
  });
  expect(parseVisits(JSON.stringify(visits), limits).visits).toEqual(visits);
});

describe("CSV", () => {
  const visits = [{ store_id: "S1", image_url: [A, B], visit_time: "noon" }];

  test.each([
    ["with a header", `store_id,image_url,visit_time\nS1,${A},noon\nS1,${B},noon\n`],
    ["without a header", `S1,${A},noon\nS1,${B},noon`],
    [
      "with its columns in another order and case",
      `Visit_Time,IMAGE_URL, Store_Id\nnoon,${A},S1\nnoon,${B},S1`,
    ],
    ["with further columns", `city,store_id,image_url,visit_time\nHull,S1,${A},noon\nYork,S1,${B},noon`],
    ["with semicolons", `store_id;image_url;visit_time\nS1;${A};noon\nS1;${B};noon`],
    ["with semicolons and no header", `S1;${A};noon\nS1;${B};noon`],
    ["with tabs", `store_id\timage_url\tvisit_time\nS1\t${A}\tnoon\nS1\t${B}\tnoon`],
    ["with a byte order mark", `\uFEFFstore_id,image_url,visit_time\nS1,${A},noon\nS1,${B},noon`],
    ["with blank lines", `\n\nstore_id,image_url,visit_time\n \nS1,${A},noon\n\nS1,${B},noon\n,,\n\n`],
    ["with the line ends of Windows", `store_id,image_url,visit_time\r\nS1,${A},noon\r\nS1,${B},noon\r\n`],
    ["with mixed line ends", `store_id,image_url,visit_time\r\nS1,${A},noon\nS1,${B},noon\r`],
    [
      "with quotes and spaces around cells",
      `"store_id","image_url","visit_time"\n"S1","${A}" ,"noon"\nS1, ${B} ,noon`,
    ],
  ])("%s gives the same visits", (_, text) =>
    expect(parseVisits(text, limits)).toEqual({ visits, errors: [] }),
  );

  it("has quoted cells with delimiters, quotes and line breaks in them", () => {
    expect(parseVisits(`"The ""Corner"", Hull",${A}\n"Two\nlines",${B}`, limits)).toEqual({
      visits: [
        { store_id: 'The "Corner", Hull', image_url: [A] },
        { store_id: "Two\nlines", image_url: [B] },
      ],
      errors: [],
    });
  });

  it("has URLs with the other delimiters in them", () => {
    const comma = `${A}?size=1,2`;
    const semicolon = `${A};v=2`;
    expect(parseVisits(`S1;${comma}`, limits).visits).toEqual([{ store_id: "S1", image_url: [comma] }]);
    expect(parseVisits(`S1,${semicolon}`, limits).visits).toEqual([
      { store_id: "S1", image_url: [semicolon] },
    ]);
  });

  it("makes a new visit when the store or the time changes", () => {
    const text = `S1,${A},noon\nS1,${B},night\nS2,${A},night\nS1,${A},noon`;
    expect(
      parseVisits(text, limits).visits.map(({ store_id, visit_time }) => `${store_id} ${visit_time}`),
    ).toEqual(["S1 noon", "S1 night", "S2 night", "S1 noon"]);
  });

  test.each([
    ["S1,http://a/\nS2,nowhere", "line 2: 'nowhere' is not an http or https URL"],
    [",http://a/", "line 1: store_id must have 1 to 128 characters"],
    ['store_id,image_url\n"a\nb",http://a/\n\nS2,nowhere', "line 5: 'nowhere'"],
    ["\uFEFF\r\n\r\nS1,http://a/\r\nS2,nowhere", "line 4: 'nowhere'"],
    ["store_id,url\nS1,http://a/", "line 1: the column image_url is missing"],
    ['S1,http://a/\n"S2,http://a/\nS3,http://a/', 'line 2: a quotation mark (") is missing'],
    ["S1", "line 1: '' is not an http or https URL"],
  ])("names the line of an error: %j", (text, error) => {
    expect(parseVisits(text, limits).errors).toEqual([expect.stringContaining(error)]);
  });
});

test.each([
  ["{", "This is not valid JSON"],
  ["{}", "/visits: At least one visit is required."],
  ["[]", "At least one visit is required."],
  [
    '{"count": 2, "visits": [{"store_id": "S", "image_url": ["http://a/"]}]}',
    "/count: count is 2, but the number of visits is 1",
  ],
  ['[{"store_id": "S", "image_url": ["a"]}]', "/0/image_url/0: 'a' is not an http or https URL"],
  ['{"visits": [{"store_id": "", "image_url": ["http://a/"]}]}', "/visits/0/store_id: store_id must have"],
  ["[null]", "/0/store_id"],
  ['[{"store_id": "S", "image_url": []}]', "/0/image_url: a list of at least one URL is required"],
])("names the JSON Pointer of an error: %s", (text, error) => {
  expect(parseVisits(text, limits).errors[0]).toContain(error);
});

it("counts the images of each store over all its visits", () => {
  const { visits } = parseVisits(`S1,${A}\nS2,${A}\nS1,${B}`, limits);
  expect([...imagesPerStore(visits)]).toEqual([
    ["S1", 2],
    ["S2", 1],
  ]);
});

it("takes ids of stores up to the length that the deployment publishes", () => {
  const short = { ...limits, max_store_id_length: 2 };
  expect(parseVisits(`S1,${A}\nS10,${A}`, short).errors).toEqual([
    "line 2: store_id must have 1 to 2 characters",
  ]);
});
