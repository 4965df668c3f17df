import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';

/** What the figures were measured with and on. @param {string} dir where the data lies */
export function describeMachine(dir) {
  const cpus = os.cpus();
  const { version } = JSON.parse(fs.readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  const [, fileSystem] = execFileSync('df', ['--output=fstype', dir], { encoding: 'utf8' }).split('\n');
  return {
    date: new Date().toISOString().slice(0, 10),
    spoolsync: version,
    node: process.versions.node,
    kernel: `${os.type()} ${os.release()} ${os.arch()}`,
    cpu: cpus[0]?.model ?? 'unknown',
    cores: cpus.length,
    memoryGB: Math.round(os.totalmem() / 1e9),
    fileSystem,
  };
}

/** A table for terminals and for Markdown alike. @param {string[]} head @param {string[][]} rows */
export function table(head, rows) {
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => (row[i] ?? '').length)));
  const line = (/** @type {string[]} */ cells) =>
    `| ${cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join(' | ')} |`;
  const dashes = widths.map((width, i) => (i === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`));
  const rule = `| ${dashes.join(' | ')} |`;
  return [line(head), rule, ...rows.map(line)].join('\n');
}

/** What bench/micro.mjs measures. @param {readonly import('./micro.mjs').Part[]} parts */
export function microTable(parts) {
  const rows = parts.map(({ name, count, bytes, best, median }) => [
    name,
    String(count),
    (bytes / 1e6).toFixed(1),
    best.toFixed(0),
    median.toFixed(0),
    ((count / bytes) * median * 1000).toFixed(0),
  ]);
  return table(['part', 'things', 'MB', 'MB/s, best', 'MB/s, median', 'thousand things/s'], rows);
}
