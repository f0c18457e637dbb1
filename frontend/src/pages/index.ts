import type { ComponentType } from "react";
import { JobsPage } from "./jobs";
import { PicturesPage } from "./pictures";

interface PageEntry {
  /** What stands in `?view=`; the first page has none. */
  view: string;
  title: string;
  Page: ComponentType;
}

/** A new page is a component and a line here. */
export const PAGES: [PageEntry, ...PageEntry[]] = [
  { view: "", title: "Pictures", Page: PicturesPage },
  { view: "jobs", title: "Jobs", Page: JobsPage },
];
