import type { TaskStatus } from "../api/types";

/** One stalk per column of tiles, all from the middle of the bottom; stretched to whatever room there is. */
export function Stalks({ statuses }: { statuses: TaskStatus[] }) {
  return (
    <svg className="stalks" viewBox="0 0 100 40" preserveAspectRatio="none" aria-hidden="true">
      {statuses.map((status, index) => {
        const x = (((index + 0.5) / statuses.length) * 100).toFixed(2);
        return (
          <path
            // biome-ignore lint/suspicious/noArrayIndexKey: a stalk is its place
            key={index}
            data-status={status}
            vectorEffect="non-scaling-stroke"
            d={`M50 40C50 20 ${x} 24 ${x} 0`}
          />
        );
      })}
    </svg>
  );
}
