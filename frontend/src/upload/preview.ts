const MAX_EDGE = 480;

let queue: Promise<unknown> = Promise.resolve();

/** Returns a URL of a small copy of a picture, or undefined when the browser cannot decode it. One picture at a time. */
export function preview(file: Blob): Promise<string | undefined> {
  const small = queue.then(() => shrink(file)).catch(() => undefined);
  queue = small;
  return small;
}

async function shrink(file: Blob): Promise<string> {
  const bitmap = await createImageBitmap(file);
  const scale = Math.min(1, MAX_EDGE / Math.max(bitmap.width, bitmap.height));
  const canvas = new OffscreenCanvas(Math.ceil(bitmap.width * scale), Math.ceil(bitmap.height * scale));
  const context = canvas.getContext("2d");
  context?.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  return URL.createObjectURL(await canvas.convertToBlob({ type: "image/webp", quality: 0.8 }));
}
