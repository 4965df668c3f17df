import { ratio } from './compare.mjs';

/** What was to be reached, and whether it was. */

/** @typedef {import('./work/common.mjs').Result & { work: string, place: string }} Done */

/**
 * `value`, in `unit`, lies from `low` to `high` over the rounds.
 * @typedef {object} Verdict
 * @property {string} work
 * @property {string} place
 * @property {string} what
 * @property {string} wanted
 * @property {string} measured
 * @property {string} range
 * @property {boolean | undefined} met undefined: not measured
 */

/** @param {number} value */
export const rounded = (value) =>
  value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);

/** All targets of what was done. @param {readonly Done[]} all @returns {Verdict[]} */
export function verdicts(all) {
  return all.flatMap((done) => [...pairs(done), ...limits(done)]);
}

/** Beside contenders. @param {Done} done @returns {Verdict[]} */
function pairs({ place, figures }) {
  return figures.flatMap(({ title, rows }) => {
    const [ours] = rows;
    return rows.flatMap((row) => {
      const { target } = row;
      if (target === undefined || ours === undefined) return [];
      const most = 'most' in target;
      const aim = {
        work: title,
        place,
        what: most ? `time, to that of ${row.name}` : `times faster than ${row.name}`,
        wanted: most ? `at most ${rounded(target.most)} x` : `at least ${rounded(target.faster)} x`,
      };
      if (row.runs.length === 0) return [{ ...aim, measured: 'nothing', range: '', met: undefined }];
      const { value, low, high } = most ? ratio(ours, row) : ratio(row, ours);
      const met = most ? value <= target.most : value >= target.faster;
      const wrong = row.lost === 0 ? '' : ', which got it wrong';
      return [
        {
          ...aim,
          what: aim.what + wrong,
          measured: `${rounded(value)} x`,
          range: `${rounded(low)} to ${rounded(high)}`,
          met,
        },
      ];
    });
  });
}

/** @param {Done} done @returns {Verdict[]} */
function limits({ work, place, limits: all = [] }) {
  return all.map(({ what, value, unit, bound }) => {
    const most = 'most' in bound;
    return {
      work,
      place,
      what,
      wanted: most ? `at most ${bound.most} ${unit}` : `at least ${bound.least} ${unit}`,
      measured: `${rounded(value)} ${unit}`,
      range: '',
      met: most ? value <= bound.most : value >= bound.least,
    };
  });
}
