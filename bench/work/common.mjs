import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { absence } from '../contenders.mjs';
import { countMessages, settleDisk } from '../measure.mjs';

/** What pieces of work have in common. */

/** @typedef {import('../contenders.mjs').Contenders} Contenders */
/** @typedef {import('../compare.mjs').Contender} Contender */
/** @typedef {import('../compare.mjs').Figures} Figures */
/** @typedef {import('../compare.mjs').Target} Target */

/** @typedef {'tmpfs' | 'disk'} PlaceName */

/**
 * What a piece of work is given. `root` is an empty directory, which is removed afterwards.
 * @typedef {object} Bench
 * @property {Contenders} contenders
 * @property {PlaceName} place
 * @property {string} root
 * @property {number} scale
 * @property {number} rounds
 */

/**
 * A target that is not a ratio to a contender.
 * @typedef {object} Limit
 * @property {string} what
 * @property {number} value
 * @property {string} unit
 * @property {{ most: number } | { least: number }} bound
 */

/**
 * What a piece of work found; `parts` are those of bench/micro.mjs.
 * @typedef {{ figures: Figures[], limits?: Limit[], parts?: import('../micro.mjs').Part[] }} Result
 */

/**
 * `needs`: bytes of room for the whole of it, roughly.
 * @typedef {object} Work
 * @property {string} name
 * @property {readonly PlaceName[]} places
 * @property {(place: PlaceName) => number} needs
 * @property {(bench: Bench) => Promise<Result>} run
 */

/** Times younger than two seconds prove nothing to a pass, which would look again. */
export const settleTimes = () => sleep(2100);

/** @param {number} count @param {number} scale */
export const scaled = (count, scale) => Math.max(20, Math.round(count * scale));

/** @param {number} count */
export const thousands = (count) => count.toLocaleString('en-US');

/** Removes what earlier runs left, before a run. @param {Bench} bench @param {readonly string[]} dirs */
export function clear({ root }, ...dirs) {
  for (const dir of dirs) fs.rmSync(dir, { recursive: true, force: true });
  settleDisk(root);
}

/** Reads spools once, so that they are in the page cache. @param {readonly string[]} spools */
export function warm(spools) {
  for (const spool of spools) execFileSync('cat', [spool], { stdio: ['ignore', 'ignore', 'inherit'] });
}

/** spoolsync on one account whose mboxes lie in `root`/mail, INBOX being `inbox`. @param {Bench} bench @param {string} command */
export function ours({ contenders, root }, command = 'convert') {
  const from = `mbox:${root}/mail:INBOX=${root}/mail/inbox`;
  return contenders.spoolsync(command, { from, to: `maildir:${root}/Maildir`, home: root });
}

/**
 * `doveadm backup` of that account. Each run gets a copy of the mboxes, since it writes into them, and so finds no index.
 * @param {Bench} bench @param {'never' | 'optimized'} fsync @param {{ fresh: boolean }} how
 * @returns {Contender}
 */
export function doveadm({ contenders, root }, fsync, { fresh }) {
  const home = `${root}/dovecot-${fsync}`;
  const mail = `${root}/dovecot-mail`;
  /** @type {{ home: string, config: string }} */
  let user = { home, config: '' };
  return {
    name: fsync === 'never' ? 'doveadm backup, mail_fsync=never' : 'doveadm backup, default',
    absent: absence('doveadm'),
    prepare: () => {
      if (!fresh && user.config !== '') return;
      for (const dir of [home, mail]) fs.rmSync(dir, { recursive: true, force: true });
      fs.cpSync(`${root}/mail`, mail, { recursive: true });
      user = contenders.dovecotUser(home, fsync);
      for (const dir of [home, mail]) contenders.giveToDovecot(dir);
      settleDisk(root);
    },
    run: () => contenders.doveadm(user, mail),
    count: () => countMessages(`${home}/Maildir`),
  };
}

/**
 * Who makes Maildirs of one account's mboxes, spoolsync first. `targets` by name; `left` says why one is not measured here.
 * @param {Bench} bench @param {readonly string[]} names of spools in `root`/mail
 * @param {{ targets?: Readonly<Record<string, Target>>, left?: Readonly<Record<string, string>> }} options
 * @returns {Contender[]}
 */
export function converters(bench, names, { targets = {}, left = {} }) {
  const { contenders, root, place } = bench;
  const spools = names.map((name) => path.join(root, 'mail', name));
  const target = `${root}/other`;
  const fresh = { prepare: () => clear(bench, target), count: () => countMessages(target) };
  /** @type {Contender[]} */
  const all = [
    {
      name: 'spoolsync',
      prepare: () => clear(bench, `${root}/Maildir`, `${root}/state`),
      run: () => ours(bench),
      count: () => countMessages(`${root}/Maildir`),
    },
    { name: 'floor', ...fresh, run: () => contenders.floor(target, spools) },
    {
      name: 'floor, then a flush',
      ...fresh,
      absent: place === 'tmpfs' ? 'nothing to flush' : undefined,
      run: () => contenders.floor(target, spools, { flush: root }),
    },
    {
      name: 'mb2md',
      ...fresh,
      absent: absence('mb2md'),
      run: () => contenders.mb2md(`${root}/mail`, target),
    },
    {
      name: 'mdeliver -M',
      ...fresh,
      absent: absence('mdeliver'),
      run: () => contenders.mdeliver(target, spools),
    },
    {
      name: 'Python mailbox',
      ...fresh,
      absent: absence('python'),
      run: () => contenders.python(target, spools),
    },
    doveadm(bench, 'never', { fresh: true }),
    doveadm(bench, 'optimized', { fresh: true }),
  ];
  return all
    .filter(({ absent }) => absent !== 'nothing to flush')
    .map((contender) => ({
      ...contender,
      absent: contender.absent ?? left[contender.name],
      target: targets[contender.name],
    }));
}

/** The range over all rounds of what a row's memory peaked at, its largest, in MB. @param {Figures} figures */
export function ourPeak(figures) {
  return Math.max(...(figures.rows[0]?.runs ?? []).map(({ peakRss }) => peakRss)) / 1e6;
}
