import { useCallback, useState } from "react";
import { useApp, useAppState } from "../app-context";
import { Dropzone } from "../components/dropzone";
import { Filters } from "../components/filters";
import { Lightbox, type OpenVariant } from "../components/lightbox";
import { LoadMore } from "../components/load-more";
import { ViewerNotice } from "../components/notice";
import { PictureCard } from "../components/picture-card";
import { ScreenReaderUpdates } from "../components/screen-reader-updates";
import { type Filter, matches, picturesOf, statusOf } from "../store/pictures";

/** The first page: uploads and the variants of every picture. */
export function PicturesPage() {
  const { sync } = useApp();
  const state = useAppState();
  const [filter, setFilter] = useState<Filter>("all");
  const [opened, setOpened] = useState<OpenVariant>();
  const open = useCallback((picture: string, variant: string) => setOpened({ picture, variant }), []);
  const close = useCallback(() => setOpened(undefined), []);

  const pictures = picturesOf(state);
  const statuses = pictures.map(statusOf);
  const shown = pictures.filter((_, index) => matches(statuses[index], filter));
  const count = (wanted: Filter) => statuses.filter((status) => matches(status, wanted)).length;

  if (!state.loaded && pictures.length === 0) return <LoadingPictures />;
  return (
    <>
      {state.role === "viewer" ? <ViewerNotice /> : <Dropzone slim={pictures.length > 0} />}
      {state.role === "viewer" && pictures.length === 0 && (
        <p className="empty-message">There are no pictures yet.</p>
      )}
      {pictures.length > 0 && (
        <Filters
          counts={{ all: count("all"), active: count("active"), failed: count("failed") }}
          filter={filter}
          onFilter={setFilter}
        />
      )}
      {pictures.length > 0 && shown.length === 0 && (
        <p className="empty-message">
          {filter === "failed" ? "No picture has failed." : "No picture is in progress."}
        </p>
      )}
      <ul className="picture-cards" aria-label="Pictures">
        {shown.map(({ key, upload, entry }) => (
          <PictureCard key={key} id={key} upload={upload} entry={entry} onOpen={open} />
        ))}
      </ul>
      <LoadMore more={Boolean(state.cursor)} load={sync.loadMore} what="older pictures" />
      <ScreenReaderUpdates pictures={pictures} />
      {opened && <Lightbox pictures={pictures} open={opened} onMove={setOpened} onClose={close} />}
    </>
  );
}

/** Empty cards until the first list of jobs arrives, with a message when that takes long. */
function LoadingPictures() {
  return (
    <div aria-busy="true">
      <ul className="picture-cards" aria-hidden="true">
        {[0, 1, 2].map((index) => (
          <li key={index} className="picture-card waiting" />
        ))}
      </ul>
      <p className="empty-message slow">Umbel is slow to respond. The page is still waiting.</p>
    </div>
  );
}
