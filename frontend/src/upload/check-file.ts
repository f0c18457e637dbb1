import type { PageConfig } from "../api/contract";
import { bytes } from "../format";

const BY_EXTENSION: Record<string, string> = {
  heic: "image/heic",
  heif: "image/heic",
  hif: "image/heic",
  jxl: "image/jxl",
};

const NAMES: Record<string, string> = { webp: "WebP", jxl: "JPEG XL" };

/** Returns the media type of a file; by its name for the formats that browsers do not know. */
export function mediaType(file: { name?: string; type: string }): string {
  const extension = /\.(\w+)$/.exec(file.name ?? "")?.[1]?.toLowerCase();
  return BY_EXTENSION[extension ?? ""] ?? file.type;
}

/** Returns why a file cannot be uploaded, or undefined when it can. The bucket and the workers check again. */
export function checkFile(file: { type: string; size: number }, config: PageConfig): string | undefined {
  if (file.size === 0) return "This file is empty.";
  if (file.size > config.limits.max_upload_bytes) {
    return `This file is ${bytes(file.size)}; a picture may have at most ${bytes(config.limits.max_upload_bytes)}.`;
  }
  if (!config.formats.includes(file.type)) {
    const type = file.type ? `Files of type ${file.type}` : "Files of an unknown type";
    return `${type} are not supported. Supported formats: ${formatNames(config)}.`;
  }
  return undefined;
}

/** `JPEG, PNG and WebP`. */
export function formatNames(config: PageConfig): string {
  const names = config.formats.map((type) => {
    const name = type.replace(/^image\/(x-)?(ms-)?/, "");
    return NAMES[name] ?? name.toUpperCase();
  });
  return new Intl.ListFormat("en").format(names);
}
