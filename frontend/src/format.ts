/** Numbers, times and sizes as text for people. */

export function bytes(size: number): string {
  if (size < 1000) return `${size} B`;
  const [value, unit] = size < 1_000_000 ? [size / 1e3, "KB"] : [size / 1e6, "MB"];
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${unit}`;
}

export function duration(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`;
}

const GROUPED = new Intl.NumberFormat("en");

/** `12,000`. */
export function count(value: number): string {
  return GROUPED.format(value);
}

/** `1 page`, `12,000 pages`. */
export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

const NUMBER_WORDS = ["No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten"];

/** `Four variants`, `One variant`. */
export function variantsText(variants: number): string {
  return `${NUMBER_WORDS[variants] ?? variants} ${variants === 1 ? "variant" : "variants"}`;
}

/** `14:03` today, `3 Mar, 14:03` on another day. */
export function formatTime(time: number, now = Date.now()): string {
  const today = new Date(time).toDateString() === new Date(now).toDateString();
  return new Intl.DateTimeFormat(undefined, {
    ...(!today && { day: "numeric", month: "short" }),
    hour: "2-digit",
    minute: "2-digit",
  }).format(time);
}

/** Dollars with as many decimal places as a small amount needs. */
export function cost(usd: number): string {
  const places = Math.min(8, Math.max(2, 1 - Math.floor(Math.log10(usd))));
  return `$${usd.toFixed(places)}`;
}
