import type { TaskStatus } from "../api/types";

const HEIGHT = 46;
const DOME = 30;

interface Props {
  statuses: TaskStatus[];
  domed: boolean;
}

/** Pixels by which a tile stands above the outermost ones: an umbel's florets form a dome. */
export function lift(index: number, columns: number): number {
  const fromMiddle = (at: number) => ((2 * at + 1) / columns - 1) ** 2;
  return Math.round(DOME * (fromMiddle(0) - fromMiddle(index)));
}

/** One stalk per column of tiles, all from the middle of the bottom; stretched to whatever width there is. */
export function Stalks({ statuses, domed }: Props) {
  return (
    <svg className="stalks" viewBox={`0 0 100 ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
      {statuses.map((status, index) => {
        const x = ((index + 0.5) / statuses.length) * 100;
        const y = domed ? -lift(index, statuses.length) : 0;
        const bend = 50 + (x - 50) * 0.22;
        return (
          <path
            // biome-ignore lint/suspicious/noArrayIndexKey: a stalk is its place
            key={index}
            data-status={status}
            vectorEffect="non-scaling-stroke"
            d={`M50 ${HEIGHT}C${bend} ${HEIGHT * 0.55} ${x} ${HEIGHT * 0.6} ${x} ${y}`}
          />
        );
      })}
    </svg>
  );
}
