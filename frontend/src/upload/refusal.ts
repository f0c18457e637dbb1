import type { Config } from "../api/config";
import { bytes } from "../format";

/** Why a file will not be sent at all, or undefined when it may be. The bucket and the workers check again. */
export function refusal(file: { type: string; size: number }, config: Config): string | undefined {
  if (file.size === 0) return "This file is empty.";
  if (file.size > config.max_upload_bytes) {
    return `This file is ${bytes(file.size)}; the largest picture taken here is ${bytes(config.max_upload_bytes)}.`;
  }
  if (!config.formats.includes(file.type)) {
    return `${file.type ? `A file of type ${file.type}` : "A file without a known type"} is not a picture that Umbel reads. It takes ${formats(config)}.`;
  }
  return undefined;
}

/** `JPEG, PNG and WebP`. */
export function formats(config: Config): string {
  const names = config.formats.map((type) => {
    const name = type.replace(/^image\/(x-)?(ms-)?/, "");
    return name === "webp" ? "WebP" : name.toUpperCase();
  });
  return new Intl.ListFormat("en").format(names);
}
