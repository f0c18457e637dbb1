import { useFileInput } from "@uppy/react";
import { useState } from "react";
import { variantsOf } from "../api/config";
import { useParts } from "../app-context";
import { bytes, variantsCome } from "../format";
import { formats } from "../upload/refusal";
import { CopyLine } from "./copy-line";
import "./dropzone.css";
import { UmbelDrawing } from "./umbel";

/** Everything that is dropped anywhere on the page lands here; large as an invitation, slim once it was taken up. */
export function Dropzone({ slim }: { slim: boolean }) {
  const { config, uploads } = useParts();
  const { getInputProps, getButtonProps } = useFileInput();
  const [recipe, setRecipe] = useState("default");
  const names = Object.keys(config.recipes);
  const choose = (name: string) => {
    uploads.recipe = name;
    setRecipe(name);
  };
  const largest = Number.isFinite(config.max_upload_bytes) && ` up to ${bytes(config.max_upload_bytes)}`;

  return (
    <section className="dropzone" data-slim={slim || undefined} aria-label="Add pictures">
      {!slim && <UmbelDrawing />}
      <div className="invitation">
        <h1>{slim ? "Drop more pictures anywhere." : "Drop a photo."}</h1>
        {!slim && <p className="promise">{variantsCome(variantsOf(config, recipe).length)} back.</p>}
      </div>
      <div className="choices">
        <input
          {...getInputProps()}
          className="visually-hidden"
          tabIndex={-1}
          aria-label="Choose pictures to upload"
        />
        <button {...getButtonProps()} className="button primary">
          Choose pictures
        </button>
        {names.length > 1 && (
          <label className="recipe">
            <span>Recipe</span>
            <select value={recipe} onChange={(event) => choose(event.target.value)}>
              {names.map((name) => (
                <option key={name}>{name}</option>
              ))}
            </select>
          </label>
        )}
      </div>
      {!slim && (
        <div className="hints">
          <p>
            {formats(config)}
            {largest}. Paste works too, and so does a whole folder.
          </p>
          {config.uploads_bucket && (
            <CopyLine text={`aws s3 cp photo.jpg s3://${config.uploads_bucket}/uploads/`} />
          )}
        </div>
      )}
    </section>
  );
}
