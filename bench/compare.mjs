/** Runs contenders side by side, and works out what their figures mean. */

/** @typedef {import('./measure.mjs').Measured} Measured */

/**
 * What spoolsync must reach beside a contender: it may take `most` times as long, or must be `faster` by that factor.
 * @typedef {{ most: number } | { faster: number }} Target
 */

/**
 * One that does the work. `prepare` is not measured; `count` says how many messages are there afterwards (or of another kind
 * of thing that the work is about); `absent` says why it is not measured at all.
 * @typedef {object} Contender
 * @property {string} name
 * @property {string | undefined} [absent]
 * @property {() => void} [prepare]
 * @property {() => Measured} run
 * @property {(() => number) | undefined} [count]
 * @property {Target | undefined} [target]
 */

/**
 * What a contender took. `runs[i]` belongs to round i; `lost` messages of the last round that were not there (negative: too
 * many).
 * @typedef {{ name: string, absent?: string, runs: Measured[], lost: number, target?: Target | undefined }} Row
 */

/**
 * A piece of work. `messages` and `bytes` are what a contender works on, 0 where that says nothing.
 * @typedef {{ title: string, messages: number, bytes: number, rows: Row[] }} Figures
 */

/** A contender that takes longer than this for a run, and much longer than ours, is run once. */
const SLOW = { seconds: 45, timesOurs: 4 };

/** @param {readonly number[]} values */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  return ((low ?? Number.NaN) + (high ?? Number.NaN)) / 2;
}

/** @param {Row} row */
export const medianSeconds = (row) => median(row.runs.map(({ seconds }) => seconds));

/** How many times as long as `other` a row took: of the medians, and the range over rounds that both were in. @param {Row} row @param {Row} other */
export function ratio(row, other) {
  const each = row.runs.flatMap(({ seconds }, i) => {
    const base = other.runs[i];
    return base === undefined ? [] : [seconds / base.seconds];
  });
  return {
    value: medianSeconds(row) / medianSeconds(other),
    low: Math.min(...each),
    high: Math.max(...each),
  };
}

/**
 * All contenders in turn, in as many rounds. The first contender is spoolsync.
 * @param {{ title: string, messages: number, bytes: number, wanted?: () => number }} work `wanted`: what must be counted after
 * a run (all messages, without it)
 * @param {readonly Contender[]} contenders
 * @param {{ rounds: number, before?: ((round: number) => void | Promise<void>) | undefined }} options
 * @returns {Promise<Figures>}
 */
export async function compare(
  { title, messages, bytes, wanted = () => messages },
  contenders,
  { rounds, before },
) {
  /** @type {Row[]} */
  const rows = contenders.map(({ name, absent, target }) => ({
    name,
    ...(absent === undefined ? {} : { absent }),
    runs: [],
    lost: 0,
    target,
  }));
  process.stderr.write(`\n${title}\n`);
  for (let round = 0; round < rounds; round++) {
    await before?.(round);
    for (const [i, contender] of contenders.entries()) {
      const row = rows[i];
      if (row === undefined || row.absent !== undefined || isSlow(row, rows[0])) continue;
      try {
        runOnce(contender, row, wanted);
      } catch (error) {
        if (i === 0) throw error;
        // Another's failure is a fact about it; the bench goes on.
        row.absent = `failed: ${error instanceof Error ? error.message : error}`;
        row.runs = [];
      }
      process.stderr.write(`  ${contender.name}: ${outcome(row)}\n`);
    }
  }
  return { title, messages, bytes, rows };
}

/** @param {Contender} contender @param {Row} row @param {() => number} wanted */
function runOnce(contender, row, wanted) {
  contender.prepare?.();
  row.runs.push(contender.run());
  if (contender.count !== undefined) row.lost = wanted() - contender.count();
}

/** @param {Row} row */
function outcome({ runs, absent, lost }) {
  const last = runs.at(-1);
  if (last === undefined) return absent;
  const missing = lost === 0 ? '' : `, ${lost} of what must be there are missing`;
  return `${last.seconds.toFixed(3)} s, ${(last.peakRss / 1e6).toFixed(0)} MB${missing}`;
}

/** @param {Row} row @param {Row | undefined} ours */
function isSlow(row, ours) {
  const [first] = row.runs;
  const [own] = ours?.runs ?? [];
  if (first === undefined || own === undefined) return false;
  return first.seconds > SLOW.seconds && first.seconds > SLOW.timesOurs * own.seconds;
}
