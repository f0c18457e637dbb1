import type { TaskStatus } from "../api/contract";

const HEIGHT = 46;
const ARCH_HEIGHT = 30;

interface Props {
  statuses: TaskStatus[];
  curved: boolean;
}

/** Returns by how many pixels a variant is raised above the outermost ones, so that a row of variants forms an arch. */
export function raisedBy(index: number, columns: number): number {
  const squaredDistance = (column: number) => ((2 * column + 1) / columns - 1) ** 2;
  return Math.round(ARCH_HEIGHT * (squaredDistance(0) - squaredDistance(index)));
}

/** One line per column of variants, each from the middle of the bottom; the drawing stretches to the width it gets. */
export function Connectors({ statuses, curved }: Props) {
  return (
    <svg className="connectors" viewBox={`0 0 100 ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
      {statuses.map((status, index) => {
        const x = ((index + 0.5) / statuses.length) * 100;
        const y = curved ? -raisedBy(index, statuses.length) : 0;
        const bend = 50 + (x - 50) * 0.22;
        return (
          <path
            // biome-ignore lint/suspicious/noArrayIndexKey: a line is identified by its column
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
