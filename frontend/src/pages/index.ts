import type { ComponentType } from "react";
import { JobPage } from "./job";
import { JobsPage } from "./jobs";
import { OpsPage } from "./ops";
import { PicturesPage } from "./pictures";
import { SendPage } from "./send";

interface PageEntry {
  /** The value of `?view=`; empty for the first page. */
  view: string;
  title: string;
  Page: ComponentType;
  /** The view of the page that leads here; this page then has no link of its own in the header. */
  parent?: string;
}

/** A new page is a component and a line here. */
export const PAGES: [PageEntry, ...PageEntry[]] = [
  { view: "", title: "Pictures", Page: PicturesPage },
  { view: "send", title: "Send", Page: SendPage },
  { view: "jobs", title: "Jobs", Page: JobsPage },
  { view: "job", title: "Job", Page: JobPage, parent: "jobs" },
  { view: "ops", title: "Ops", Page: OpsPage },
];
