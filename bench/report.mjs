import { median, medianSeconds, ratio } from './compare.mjs';
import { microTable, table } from './machine.mjs';
import { rounded, verdicts } from './targets.mjs';

/** What `npm run bench` writes. */

/** @typedef {import('./compare.mjs').Row} Row */
/** @typedef {import('./compare.mjs').Figures} Figures */
/** @typedef {import('./targets.mjs').Done} Done */

/** @typedef {{ machine: Record<string, string | number | undefined>, places: Record<string, string>, peers: readonly string[], scale: number, rounds: number, skipped: readonly string[] }} Facts */

const HEAD = [
  'who',
  'seconds',
  'range',
  'runs',
  'CPU s',
  'peak RSS, MB',
  'messages/s',
  'to spoolsync',
  'to the floor',
];

/** @param {number} seconds */
const duration = (seconds) => (seconds < 1 ? seconds.toFixed(3) : rounded(seconds));

/** @param {Row} row @param {Figures} figures @returns {string[]} */
function cells(row, { rows, messages }) {
  const { name, runs, lost } = row;
  const seconds = runs.map((run) => run.seconds);
  const [ours] = rows;
  const floor = rows.find((other) => other.name === 'floor');
  const to = (/** @type {Row | undefined} */ other) =>
    other === undefined ? '' : `${rounded(ratio(row, other).value)} x`;
  return [
    lost === 0 ? name : `${name} (wrong: ${lost > 0 ? `${lost} missing` : `${-lost} too many`})`,
    duration(medianSeconds(row)),
    `${duration(Math.min(...seconds))} to ${duration(Math.max(...seconds))}`,
    String(runs.length),
    duration(median(runs.map((run) => run.cpuSeconds))),
    (Math.max(...runs.map((run) => run.peakRss)) / 1e6).toFixed(0),
    messages === 0 ? '' : (messages / medianSeconds(row)).toFixed(0),
    to(ours),
    to(floor),
  ];
}

/** @param {Done} done */
function section({ place, figures, parts }) {
  const tables = figures.map((one) => {
    const head = one.rows.some(({ name }) => name === 'floor') ? HEAD : HEAD.slice(0, -1);
    const [here, absent] = [
      one.rows.filter(({ runs }) => runs.length > 0),
      one.rows.filter(({ runs }) => runs.length === 0),
    ];
    const rows = here.map((row) => cells(row, one).slice(0, head.length));
    const notes = absent.map((row) => `\n- ${row.name}: ${row.absent?.split('\n', 2).join(': ')}`).join('');
    return `### ${one.title}, ${place}\n\n${table(head, rows)}\n${notes === '' ? '' : `${notes}\n`}`;
  });
  if (parts !== undefined) tables.push(`### In memory, one core\n\n${microTable(parts)}\n`);
  return tables.join('\n');
}

/** @param {readonly Done[]} all @param {Facts} facts */
export function report(all, { machine, places, peers, scale, rounds, skipped }) {
  const facts = [
    ...Object.entries(machine).map(([name, value]) => `${name}: ${value}`),
    ...Object.entries(places).map(([name, type]) => `${name}: ${type}`),
    ...peers,
    `scale ${scale}; medians of ${rounds} rounds, but for those that need long`,
    'page cache: warm. Spools have been read, and Maildirs written, just before; what earlier runs wrote has been flushed',
  ];
  const rows = verdicts(all).map((verdict) => [
    verdict.work,
    verdict.place,
    verdict.what,
    verdict.wanted,
    verdict.measured,
    verdict.range,
    verdict.met === undefined ? 'not measured' : verdict.met ? 'yes' : 'NO',
  ]);
  const list = (/** @type {readonly string[]} */ items) => items.map((item) => `- ${item}\n`).join('');
  const left = skipped.length === 0 ? '' : `\n## Not measured\n\n${list(skipped)}`;
  return [
    '# Side by side\n\nMade by `npm run bench`; bench/README.md says what is measured.\n',
    list(facts),
    '## Targets\n',
    `${table(['work', 'on', 'what', 'wanted', 'measured', 'range', 'met'], rows)}\n`,
    '![Times of others, as multiples of spoolsync’s](bench.svg)\n',
    '## All figures\n',
    `${all.map(section).join('\n')}${left}`,
  ].join('\n');
}
