// The geometry of the power curve. The area is 1000 wide and 100 high and is stretched to fit; a
// gap in what is known is a gap in the curve.

/** Where now is; what is right of it stays free for the dot. */
export const NOW = 955;
/** The energy of now reaches so high. */
const FULL = 78.8;
/** Watts at the top of the scale. */
const SCALES = [3700, 7400, 12_000, 24_000];

/** The power at the top: the lowest scale that holds all points. */
export function top(points) {
  const highest = points.reduce((most, { power_w }) => Math.max(most, power_w ?? 0), 0);
  return SCALES.find((scale) => highest <= scale) ?? highest;
}

/** Where points are drawn between two times, in ms. */
export function frame(start, end, top, energy) {
  const span = Math.max(1, end - start);
  return {
    x: (time) => (NOW * (time - start)) / span,
    y: ({ power_w }) => 100 - (100 * Math.min(Math.max(power_w, 0), top)) / top,
    sum: ({ energy_wh }) => 100 - (FULL * energy_wh) / Math.max(1, energy),
    time: (x) => start + (span * x) / NOW,
  };
}

/** The three paths: area, its upper edge, and the energy so far. */
export function paths(points, { x, y, sum }) {
  const runs = split(points, ({ power_w }) => power_w !== undefined);
  const line = (run, height) => run.map((point) => `${round(x(point.time))} ${round(height(point))}`).join(" ");
  const edge = ({ time }) => round(x(time));
  return {
    hill: runs.map((run) => `M${edge(run[0])} 100L${line(run, y)} ${edge(run.at(-1))} 100z`).join(""),
    ridge: runs.map((run) => `M${line(run, y)}`).join(""),
    sum: `M${line(points, sum)}`,
  };
}

/** The point nearest to a time. */
export function nearest(points, time) {
  let low = 0;
  let high = points.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (points[middle].time < time) low = middle + 1;
    else high = middle;
  }
  const [before, after] = [points[low - 1], points[low]];
  return before && time - before.time < after.time - time ? before : after;
}

/** The times of a clock with this step, in s, between two times in ms; both are of the browser's
 *  time zone. */
export function marks(start, end, step) {
  const length = step * 1000;
  const zone = new Date(start).getTimezoneOffset() * 60_000;
  const times = [];
  for (let time = Math.ceil((start - zone) / length) * length + zone; time <= end; time += length) {
    times.push(time);
  }
  return times;
}

function split(points, isKnown) {
  const runs = [];
  let run;
  for (const point of points) {
    if (!isKnown(point)) run = undefined;
    else if (run) run.push(point);
    else runs.push((run = [point]));
  }
  return runs;
}

const round = (value) => Math.round(value * 10) / 10;
