import type { ComponentType } from "react";
import { JobPage } from "./job";
import { JobsPage } from "./jobs";
import { OpsPage } from "./ops";
import { PicturesPage } from "./pictures";
import { SendPage } from "./send";

interface PageEntry {
  /** What stands in `?view=`; the first page has none. */
  view: string;
  title: string;
  Page: ComponentType;
  /** The page that one comes to it from; it has no place of its own in the navigation then. */
  within?: string;
}

/** A new page is a component and a line here. */
export const PAGES: [PageEntry, ...PageEntry[]] = [
  { view: "", title: "Pictures", Page: PicturesPage },
  { view: "send", title: "Send", Page: SendPage },
  { view: "jobs", title: "Jobs", Page: JobsPage },
  { view: "job", title: "Job", Page: JobPage, within: "jobs" },
  { view: "ops", title: "Ops", Page: OpsPage },
];
