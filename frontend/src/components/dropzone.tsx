import { useFileInput } from "@uppy/react";
import { useState } from "react";
import { variantsOf } from "../api/config";
import { useApp } from "../app-context";
import { bytes, variantsText } from "../format";
import { formatNames } from "../upload/check-file";
import { CopyLine } from "./copy-line";
import "./dropzone.css";
import { UmbelDrawing } from "./umbel-drawing";

/** Takes pictures that are dropped anywhere on the page. It is large while there are no pictures, then a slim bar. */
export function Dropzone({ slim }: { slim: boolean }) {
  const { config, uploads } = useApp();
  const { getInputProps, getButtonProps } = useFileInput();
  const [recipe, setRecipe] = useState("default");
  const names = Object.keys(config.recipes);
  const select = (name: string) => {
    uploads.recipe = name;
    setRecipe(name);
  };

  return (
    <section className="dropzone" data-slim={slim || undefined} aria-label="Add pictures">
      {!slim && <UmbelDrawing />}
      <div className="invitation">
        <h1>{slim ? "Drop more pictures anywhere." : "Drop a photo."}</h1>
        {!slim && <p className="promise">{variantsText(variantsOf(config, recipe).length)} come back.</p>}
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
            <select value={recipe} onChange={(event) => select(event.target.value)}>
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
            {formatNames(config)} up to {bytes(config.limits.max_upload_bytes)}. You can also paste a picture,
            or drop a folder.
          </p>
          {config.uploads_bucket && (
            <CopyLine
              text={`aws s3 cp photo.jpg s3://${config.uploads_bucket}/${config.limits.uploads_prefix}`}
            />
          )}
        </div>
      )}
    </section>
  );
}
