import fs from 'node:fs';
import { compare } from '../compare.mjs';
import { absence } from '../contenders.mjs';
import { countMessages } from '../measure.mjs';
import { Spools } from '../spools.mjs';
import { clear, ours, scaled, settleTimes, thousands } from './common.mjs';

/** Maildir to Maildir, and the comparison of both sides. */

/** @typedef {import('./common.mjs').Work} Work */
/** @typedef {import('./common.mjs').Bench} Bench */
/** @typedef {import('../compare.mjs').Contender} Contender */

/** A Maildir of ordinary mail, as Dovecot keeps it, in `root`/Maildir; made from `root`/mail/inbox. @param {Bench} bench */
function makeMaildir(bench) {
  const size = new Spools(41).write(`${bench.root}/mail/inbox`, scaled(12_000, bench.scale));
  ours(bench);
  return size;
}

/** @param {Bench} bench @param {readonly string[]} more */
function convertMaildir({ contenders, root }, more = []) {
  const from = `maildir:${root}/Maildir`;
  return contenders.spoolsync('convert', { from, to: `maildir:${root}/new`, home: `${root}/home`, more });
}

/** @type {Work} */
export const maildirs = {
  name: 'Maildir to Maildir',
  places: ['tmpfs', 'disk'],
  needs: () => 1.5e9,
  async run(bench) {
    const { contenders, root } = bench;
    const size = makeMaildir(bench);
    const what = `a Maildir of ${thousands(size.messages)} messages`;
    fs.mkdirSync(`${root}/home`);
    const from = `${root}/Maildir`;
    const copy = `${root}/copy`;
    const fresh = { prepare: () => clear(bench, copy), count: () => countMessages(copy) };
    const we = (/** @type {readonly string[]} */ more) => ({
      name: 'spoolsync',
      prepare: () => clear(bench, `${root}/new`, `${root}/home/state`),
      run: () => convertMaildir(bench, more),
      count: () => countMessages(`${root}/new`),
    });
    const cp = (/** @type {string[]} */ args, /** @type {number} */ most) => ({
      name: `cp ${args.join(' ')}`,
      ...fresh,
      absent: absence('cp'),
      run: () => contenders.copy('cp', args, from, copy),
      target: { most },
    });
    const sync = () => contenders.copy('rsync', ['-a', '--delete'], from, copy);
    const rsync = { name: 'rsync -a', absent: absence('rsync'), run: sync };
    /** @type {Contender[]} */
    const copiers = [we([]), cp(['-a'], 1.3), { ...rsync, ...fresh, target: { faster: 1 } }];
    const copied = await compare({ title: `${what}, copied`, ...size }, copiers, bench);
    const linked = await compare(
      { title: `${what}, hard links (--link)`, ...size },
      [we(['--link']), cp(['-al'], 1.5)],
      bench,
    );
    const again = await updates(bench, size, what, rsync);
    return { figures: [copied, linked, ...again] };
  },
};

/** Passes over what was copied before. @param {Bench} bench @param {{ messages: number, bytes: number }} size @param {string} what @param {Contender} rsync */
async function updates(bench, size, what, rsync) {
  const { root } = bench;
  clear(bench, `${root}/new`, `${root}/home/state`, `${root}/copy`);
  const all = [{ name: 'spoolsync', run: () => convertMaildir(bench) }, rsync];
  await settleTimes();
  for (const { absent, run } of all) if (absent === undefined) run();
  await settleTimes();
  for (const { absent, run } of all) if (absent === undefined) run();
  const quiet = await compare({ title: `${what}, nothing changed`, ...size }, all, bench);
  const before = async (/** @type {number} */ round) => {
    reflag(`${root}/Maildir/cur`, round);
    await settleTimes();
  };
  const changed = await compare({ title: `${what}, flags of 1 % changed`, ...size }, all, {
    ...bench,
    before,
  });
  return [quiet, changed];
}

/** Sets or removes the flag F of each hundredth message, as Dovecot does: by renaming it. @param {string} cur @param {number} round */
function reflag(cur, round) {
  for (const [i, name] of fs.readdirSync(cur).sort().entries()) {
    if (i % 100 !== round % 100) continue;
    const [base, flags = ''] = name.split(':2,');
    const other = flags.includes('F') ? flags.replace('F', '') : [...flags, 'F'].sort().join('');
    fs.renameSync(`${cur}/${name}`, `${cur}/${base}:2,${other}`);
  }
}

/** @type {Work} */
export const comparison = {
  name: 'verify',
  places: ['tmpfs', 'disk'],
  needs: () => 1.5e9,
  async run(bench) {
    const { contenders, root } = bench;
    const size = makeMaildir(bench);
    const script = 'cat "$1" > /dev/null; find "$2" -type f -print0 | xargs -0 cat > /dev/null';
    /** @type {Contender[]} */
    const all = [
      { name: 'spoolsync', run: () => ours(bench, 'verify') },
      {
        name: 'cat of both sides',
        run: () => contenders.run('sh', ['-c', script, 'sh', `${root}/mail/inbox`, `${root}/Maildir`]),
        target: { most: 1 / 0.7 },
      },
    ];
    const title = `verify, ${(size.bytes / 1e6).toFixed(0)} MB of ${thousands(size.messages)} messages on each side`;
    return { figures: [await compare({ title, ...size }, all, bench)] };
  },
};
