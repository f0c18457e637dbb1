import "./umbel-drawing.css";

const RAYS = 11;
const FLORETS = 7;
const SPREAD = (74 * Math.PI) / 180;
const ORIGIN = { x: 160, y: 176 };

interface Point {
  x: number;
  y: number;
}

const along = (from: Point, angle: number, length: number): Point => ({
  x: from.x + Math.sin(angle) * length,
  y: from.y - Math.cos(angle) * length,
});

const round = ({ x, y }: Point) => `${x.toFixed(1)} ${y.toFixed(1)}`;

/** The lines of the drawing: each ray from the common point, with small flowers at its end. */
const rays = Array.from({ length: RAYS }, (_, ray) => {
  const angle = -SPREAD + (2 * SPREAD * ray) / (RAYS - 1);
  const end = along(ORIGIN, angle, 112 - 14 * Math.sin(angle) ** 2 + (ray % 2 ? 6 : -14));
  const bend = along(ORIGIN, angle * 0.72, 62);
  const florets = Array.from({ length: FLORETS }, (_, floret) =>
    along(end, angle * 0.6 - 1.25 + (2.5 * floret) / (FLORETS - 1), 15 + (floret % 2 ? 0 : 4)),
  );
  return { path: `M${round(ORIGIN)}Q${round(bend)} ${round(end)}`, end, florets };
});

/** A drawing of an umbel, the flower that the product is named after. It is decoration only. */
export function UmbelDrawing() {
  return (
    <svg className="umbel-drawing" viewBox="0 0 320 250" aria-hidden="true">
      <path className="stem" pathLength={1} d={`M160 250Q157 212 ${round(ORIGIN)}`} />
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
