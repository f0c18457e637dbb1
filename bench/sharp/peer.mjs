// Runs the works of bench/pixels_works.py in sharp, as bench/pixels_peer.py runs them in Umbel and in libvips:
// one JSON line in, one out.
import { readFileSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import sharp from "sharp";

sharp.cache(false);
sharp.concurrency(1);

const OUTPUT = {
  jpeg: (image) => image.jpeg({ quality: 85 }),
  png: (image) => image.png({ compressionLevel: 2 }),
  webp: (image) => image.webp({ quality: 80, effort: 2 }),
  avif: (image) => image.avif({ quality: 60, effort: 0 }),
};
const box = (side, fit, position) => (image) => image.resize(side, side, { fit, position, withoutEnlargement: fit === "inside" });
const blur = (sigma) => (image) => image.blur({ sigma, minAmplitude: 0.02 });
const mark = { text: "© Umbel", rgba: true, dpi: 72 };

const [cosine, sine] = [Math.cos(Math.PI / 18), Math.sin(Math.PI / 18)];
const TURN = [[cosine, -sine], [sine, cosine]];

const WORKS = {
  "thumbnail 256": box(256, "inside"),
  "resize 200x200": box(200, "fill"),
  "fit 1600": box(1600, "inside"),
  "cover 400x400": box(400, "cover"),
  "cover 400x400, attention": box(400, "cover", "attention"),
  "crop 400x300": async (image) => {
    const { width, height } = await image.metadata();
    return image.extract({ left: (width - 400) >> 1, top: (height - 300) >> 1, width: 400, height: 300 });
  },
  grayscale: (image) => image.grayscale(),
  "blur 2": blur(2),
  "blur 4": blur(4),
  "blur 16": blur(16),
  sharpen: (image) => image.sharpen({ sigma: 1 }),
  rotate90: (image) => image.rotate(90),
  // As with the interpolation of libvips there; `rotate` has no choice of it.
  "rotate 10": (image) => image.affine(TURN, { background: "white", interpolator: "bicubic" }),
  flip: (image) => image.flop(),
  trim: (image) => image.trim({ threshold: 10, lineArt: true }),
  "pad 100": (image) => image.extend({ top: 100, bottom: 100, left: 100, right: 100, background: "white" }),
  watermark: async (image) => {
    const { width } = await image.metadata();
    return image.composite([{ input: { text: { ...mark, width: Math.round(width * 0.3) } }, gravity: "southeast" }]);
  },
  "to JPEG": (image) => image,
  "to PNG": (image) => image,
  "to WebP": (image) => image,
  "to AVIF": (image) => image,
};
// What returns values.
const VALUES = {
  describe: (image) => image.stats(),
};

const memory = (name) => Number(readFileSync("/proc/self/status", "utf8").match(new RegExp(`${name}:\\s+(\\d+)`))[1]) / 1024;

async function run({ work, input, format, out }) {
  const data = readFileSync(input);
  let before = 0;
  try {
    writeFileSync("/proc/self/clear_refs", "5");
    before = memory("VmRSS");
  } catch {}
  const start = process.cpuUsage();
  const image = sharp(data).autoOrient();
  const made = VALUES[work] ? await VALUES[work](image) : await OUTPUT[format](await WORKS[work](image)).toBuffer();
  const { user, system } = process.cpuUsage(start);
  if (out) writeFileSync(out, work in VALUES ? "" : made);
  return { cpu_ms: (user + system) / 1000, peak_mb: before ? memory("VmHWM") - before : null };
}

console.log(JSON.stringify({ version: `sharp ${sharp.versions.sharp} (libvips ${sharp.versions.vips})` }));
for await (const line of createInterface({ input: process.stdin })) {
  const job = JSON.parse(line);
  let answer = null;
  if (job.work in WORKS || job.work in VALUES) answer = await run(job);
  console.log(JSON.stringify(answer));
}
