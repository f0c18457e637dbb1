import { useCallback, useState } from "react";
import { useParts, useUmbel } from "../app-context";
import { Announcer } from "../components/announcer";
import { Dropzone } from "../components/dropzone";
import { Filters } from "../components/filters";
import { Lightbox, type Place } from "../components/lightbox";
import { LoadMore } from "../components/load-more";
import { ViewerNotice } from "../components/notice";
import { Plate } from "../components/plate";
import { type Filter, matches, picturesOf, statusOf } from "../store/pictures";

export function PicturesPage() {
  const { session } = useParts();
  const state = useUmbel();
  const [filter, setFilter] = useState<Filter>("all");
  const [place, setPlace] = useState<Place>();
  const open = useCallback((picture: string, variant: string) => setPlace({ picture, variant }), []);
  const close = useCallback(() => setPlace(undefined), []);

  const pictures = picturesOf(state);
  const statuses = pictures.map(statusOf);
  const shown = pictures.filter((_, index) => matches(statuses[index], filter));
  const count = (wanted: Filter) => statuses.filter((status) => matches(status, wanted)).length;

  if (!state.loaded && pictures.length === 0) return <Waiting />;
  return (
    <>
      {state.role === "viewer" ? <ViewerNotice /> : <Dropzone slim={pictures.length > 0} />}
      {state.role === "viewer" && pictures.length === 0 && <p className="none">No picture is here yet.</p>}
      {pictures.length > 0 && (
        <Filters
          counts={{ all: count("all"), active: count("active"), failed: count("failed") }}
          filter={filter}
          onFilter={setFilter}
        />
      )}
      {pictures.length > 0 && shown.length === 0 && (
        <p className="none">{filter === "failed" ? "Nothing has failed." : "Nothing is in progress."}</p>
      )}
      <ul className="plates" aria-label="Pictures">
        {shown.map(({ key, upload, entry }) => (
          <Plate key={key} id={key} upload={upload} entry={entry} onOpen={open} />
        ))}
      </ul>
      <LoadMore more={Boolean(state.cursor)} load={session.loadMore} what="older ones" />
      <Announcer pictures={pictures} />
      {place && <Lightbox pictures={pictures} place={place} onMove={setPlace} onClose={close} />}
    </>
  );
}

/** Before the first answer: the shape of what comes, and after a while a word. */
function Waiting() {
  return (
    <div aria-busy="true">
      <ul className="plates" aria-hidden="true">
        {[0, 1, 2].map((index) => (
          <li key={index} className="plate waiting" />
        ))}
      </ul>
      <p className="none slow">Umbel takes its time to answer. Still asking.</p>
    </div>
  );
}
