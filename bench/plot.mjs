import { ratio } from './compare.mjs';
import { rounded } from './targets.mjs';

/**
 * A plot of all contenders: how many times as long as spoolsync each took, on a logarithmic scale. Every target says
 * that a contender takes at least some multiple of our time (1.5 x the floor: the floor takes at least 1/1.5), so a bar that
 * reaches its mark is a target that is met.
 */

/** @typedef {import('./targets.mjs').Done} Done */
/** @typedef {import('./compare.mjs').Figures} Figures */
/** @typedef {{ name: string, value: number, low: number, high: number, mark: number | undefined }} Bar */

const LEFT = 290;
const WIDTH = 560;
const RIGHT = 90;
const LINE = 18;
const HEAD = 34;
const TITLE = 'How long others take, as a multiple of spoolsync’s time';
const TOP = 78;
const STEPS = [1 / 16, 1 / 4, 1, 4, 16, 64, 256];

/** @param {Figures} figures @returns {Bar[]} */
function bars({ rows }) {
  const [ours, ...others] = rows;
  if (ours === undefined || ours.runs.length === 0) return [];
  return others.flatMap((row) => {
    if (row.runs.length === 0) return [];
    const { target } = row;
    const mark = target === undefined ? undefined : 'most' in target ? 1 / target.most : target.faster;
    return [{ name: row.name, ...ratio(row, ours), mark }];
  });
}

/** @param {string} text */
const escaped = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

/** @param {readonly number[]} values of all bars and marks */
function scaleOf(values) {
  const low = Math.min(1 / 4, ...values) / 1.1;
  const high = Math.max(4, ...values) * 1.1;
  const x = (/** @type {number} */ value) =>
    LEFT + (WIDTH * Math.log(Math.max(value, low) / low)) / Math.log(high / low);
  return { x, steps: STEPS.filter((step) => step > low && step < high) };
}

/** @param {number} value */
const step = (value) => (value < 1 ? `1/${1 / value}` : String(value));

/** @param {Bar} bar @param {number} y @param {(value: number) => number} x */
function drawBar({ name, value, low, high, mark }, y, x) {
  const colour = mark === undefined ? '#8a94a0' : value >= mark ? '#2b8a5e' : '#c2413a';
  const [from, to] = [Math.min(x(1), x(value)), Math.max(x(1), x(value))];
  const middle = y + LINE / 2;
  const parts = [
    `<text x="${LEFT - 8}" y="${middle + 4}" text-anchor="end">${escaped(name)}</text>`,
    `<rect x="${from.toFixed(1)}" y="${y + 3}" width="${Math.max(1, to - from).toFixed(1)}" height="${LINE - 6}" fill="${colour}"/>`,
    `<path d="M${x(low).toFixed(1)} ${middle}H${x(high).toFixed(1)}" stroke="#222" stroke-width="1"/>`,
    `<text x="${(Math.max(to, x(high), mark === undefined ? 0 : x(mark)) + 6).toFixed(1)}" y="${middle + 4}">${rounded(value)} x</text>`,
  ];
  if (mark !== undefined)
    parts.push(`<path d="M${x(mark).toFixed(1)} ${y}v${LINE}" stroke="#111" stroke-width="3"/>`);
  return parts.join('');
}

/** @param {readonly Done[]} all @param {string} subtitle @returns {string} SVG */
export function plot(all, subtitle) {
  const panels = all
    .flatMap(({ place, figures }) =>
      figures.map((one) => ({ title: `${one.title}, ${place}`, bars: bars(one) })),
    )
    .filter((panel) => panel.bars.length > 0);
  const values = panels.flatMap((panel) =>
    panel.bars.flatMap(({ low, high, mark = 1 }) => [low, high, mark]),
  );
  const { x, steps } = scaleOf(values);
  /** @type {string[]} */
  const parts = [];
  let y = TOP;
  for (const panel of panels) {
    parts.push(`<text x="12" y="${y + 22}" font-weight="bold">${escaped(panel.title)}</text>`);
    y += HEAD;
    for (const bar of panel.bars) {
      parts.push(drawBar(bar, y, x));
      y += LINE;
    }
  }
  const grid = steps.map(
    (at) =>
      `<path d="M${x(at).toFixed(1)} ${TOP}V${y + 6}" stroke="${at === 1 ? '#222' : '#d5d9de'}"/>` +
      `<text x="${x(at).toFixed(1)}" y="${TOP - 6}" text-anchor="middle" fill="#555">${step(at)} x</text>`,
  );
  const total = LEFT + WIDTH + RIGHT;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${total}" height="${y + 16}" viewBox="0 0 ${total} ${y + 16}" font-family="DejaVu Sans, Arial, sans-serif" font-size="12" fill="#222">`,
    `<title>${TITLE}</title>`,
    `<rect width="100%" height="100%" fill="#fff"/>`,
    `<text x="12" y="22" font-size="15" font-weight="bold">${TITLE}</text>`,
    `<text x="12" y="42" fill="#555">${escaped(subtitle)}</text>`,
    ...grid,
    ...parts,
    '</svg>\n',
  ].join('\n');
}
