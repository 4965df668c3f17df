/** What a piece of work took: `seconds` for `x` of one thing and `y` of another (mailboxes and bytes, say). */
export interface Sample {
  readonly x: number;
  readonly y: number;
  readonly seconds: number;
}

/** Seconds per `x` and per `y`, and by which factors recorded work was faster and slower than that. */
export interface Cost extends Factors {
  readonly x: number;
  readonly y: number;
}

/** `low` is at most 1, `high` at least 1. */
export interface Factors {
  readonly low: number;
  readonly high: number;
}

/** Times are recorded in microseconds; a shorter one is none, and ratios of such numbers could be anything. */
const RESOLUTION = 1e-6;

/**
 * Costs per unit from recorded work: least squares, never negative, then scaled so that half of the samples took longer
 * and half less, which keeps one slow night from counting for much. Without samples all costs are 0.
 */
export function fitCost(recorded: readonly Sample[]): Cost {
  const samples = recorded.map((sample) =>
    sample.seconds < RESOLUTION ? { ...sample, seconds: 0 } : sample,
  );
  const raw = leastSquares(samples);
  const ratios = samples.flatMap(({ x, y, seconds }) => {
    const expected = raw.x * x + raw.y * y;
    return expected > 0 ? [seconds / expected] : [];
  });
  const middle = quantile(ratios, 0.5) || 1;
  return { x: raw.x * middle, y: raw.y * middle, ...spread(ratios.map((ratio) => ratio / middle)) };
}

/**
 * Factors that hold all of `ratios` but the lowest and the highest tenth. Few ratios say little: with n of them the
 * factors are at least n/(n+1) and (n+1)/n apart.
 */
export function spread(ratios: readonly number[]): Factors {
  if (ratios.length === 0) return { low: 1, high: 1 };
  const doubt = 1 + 1 / ratios.length;
  return {
    low: Math.min(1 / doubt, quantile(ratios, 0.1)),
    high: Math.max(doubt, quantile(ratios, 0.9)),
  };
}

/** The value below which a share `q` of all lie, interpolated; 0 of none. */
function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = q * (sorted.length - 1);
  const [below, above] = [sorted[Math.floor(at)] ?? 0, sorted[Math.ceil(at)] ?? 0];
  return below + (above - below) * (at - Math.floor(at));
}

function leastSquares(samples: readonly Sample[]): { readonly x: number; readonly y: number } {
  const sum = (value: (sample: Sample) => number) => samples.reduce((total, one) => total + value(one), 0);
  const xx = sum(({ x }) => x * x);
  const yy = sum(({ y }) => y * y);
  const xy = sum(({ x, y }) => x * y);
  const xs = sum(({ x, seconds }) => x * seconds);
  const ys = sum(({ y, seconds }) => y * seconds);
  const onlyX = { x: xx > 0 ? xs / xx : 0, y: 0 };
  const onlyY = { x: 0, y: yy > 0 ? ys / yy : 0 };
  if (yy === 0) return onlyX;
  if (xx === 0) return onlyY;
  const determinant = xx * yy - xy * xy;
  // Where x and y always go together nobody can say which of them costs: half of the time is counted for each.
  if (determinant <= 1e-9 * xx * yy) return { x: onlyX.x / 2, y: onlyY.y / 2 };
  const x = (xs * yy - ys * xy) / determinant;
  const y = (ys * xx - xs * xy) / determinant;
  if (x < 0) return onlyY;
  return y < 0 ? onlyX : { x, y };
}
