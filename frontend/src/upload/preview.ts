/** Small local pictures of what is being uploaded, decoded off the main thread and one at a time. */

const LONGEST_EDGE = 480;

let queue: Promise<unknown> = Promise.resolve();

/** The address of a small copy; undefined where the browser cannot decode the file. */
export function preview(file: Blob): Promise<string | undefined> {
  const made = queue.then(() => shrink(file)).catch(() => undefined);
  queue = made;
  return made;
}

async function shrink(file: Blob): Promise<string> {
  const bitmap = await createImageBitmap(file);
  const scale = Math.min(1, LONGEST_EDGE / Math.max(bitmap.width, bitmap.height));
  const canvas = new OffscreenCanvas(Math.ceil(bitmap.width * scale), Math.ceil(bitmap.height * scale));
  const context = canvas.getContext("2d");
  context?.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  return URL.createObjectURL(await canvas.convertToBlob({ type: "image/webp", quality: 0.8 }));
}
