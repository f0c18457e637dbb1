import "./umbel.css";

const RAYS = 11;
const FLORETS = 7;
const SPREAD = (74 * Math.PI) / 180;
const ROOT = { x: 160, y: 176 };

interface Point {
  x: number;
  y: number;
}

const along = (from: Point, angle: number, length: number): Point => ({
  x: from.x + Math.sin(angle) * length,
  y: from.y - Math.cos(angle) * length,
});

const round = ({ x, y }: Point) => `${x.toFixed(1)} ${y.toFixed(1)}`;

/** One ray of the compound umbel, and the small umbel at its end. */
const rays = Array.from({ length: RAYS }, (_, ray) => {
  const angle = -SPREAD + (2 * SPREAD * ray) / (RAYS - 1);
  const end = along(ROOT, angle, 112 - 14 * Math.sin(angle) ** 2 + (ray % 2 ? 6 : -14));
  const bend = along(ROOT, angle * 0.72, 62);
  const florets = Array.from({ length: FLORETS }, (_, floret) =>
    along(end, angle * 0.6 - 1.25 + (2.5 * floret) / (FLORETS - 1), 15 + (floret % 2 ? 0 : 4)),
  );
  return { path: `M${round(ROOT)}Q${round(bend)} ${round(end)}`, end, florets };
});

/** A compound umbel, grown by arithmetic. Decoration. */
export function UmbelDrawing() {
  return (
    <svg className="umbel-drawing" viewBox="0 0 320 250" aria-hidden="true">
      <path className="stem" pathLength={1} d={`M160 250Q157 212 ${round(ROOT)}`} />
      {rays.map(({ path, end, florets }) => (
        <g key={path}>
          <path className="ray" pathLength={1} d={path} />
          {florets.map((floret) => (
            <g key={round(floret)} className="floret">
              <path d={`M${round(end)}L${round(floret)}`} />
              <circle cx={floret.x.toFixed(1)} cy={floret.y.toFixed(1)} r="2.6" />
            </g>
          ))}
        </g>
      ))}
    </svg>
  );
}
