import fs from 'node:fs';
import { fileURLToPath } from 'node:url';
import { compare } from '../compare.mjs';
import { absence } from '../contenders.mjs';
import { countMessages, countSeen } from '../measure.mjs';
import { reflag, Spools } from '../spools.mjs';
import { doveadm, ours, scaled, settleTimes, thousands } from './common.mjs';

/** Passes that find little or nothing to do. */

/** @typedef {import('./common.mjs').Work} Work */
/** @typedef {import('./common.mjs').Bench} Bench */
/** @typedef {import('../compare.mjs').Contender} Contender */
/** @typedef {import('../compare.mjs').Target} Target */

const HASH = fileURLToPath(new URL('../hash-file.mjs', import.meta.url));
const RSYNC = 'rsync -a, the same Maildirs';
const DOVEADM = 'doveadm backup, mail_fsync=never';
const HASHING = 'reading and hashing it once';

/**
 * Who brings a Maildir up to date. rsync does it between Maildirs: from ours, which must have come first in a round, to a copy.
 * @param {Bench} bench @param {Readonly<Record<string, Target>>} targets
 * @returns {Contender[]}
 */
function updaters(bench, targets) {
  const { contenders, root } = bench;
  const sync = () => contenders.copy('rsync', ['-a', '--delete'], `${root}/Maildir`, `${root}/copy`);
  /** @type {Contender[]} */
  const all = [
    { name: 'spoolsync', run: () => ours(bench), count: () => countMessages(`${root}/Maildir`) },
    { name: RSYNC, absent: absence('rsync'), run: sync, count: () => countMessages(`${root}/copy`) },
    doveadm(bench, 'never', { fresh: false }),
  ];
  return all.map((contender) => ({ ...contender, target: targets[contender.name] }));
}

/** Brings all to a state with nothing left to do. @param {Bench} bench @param {readonly Contender[]} contenders */
async function settle(bench, contenders) {
  process.stderr.write('\n(first passes, not measured)\n');
  ours(bench);
  await settleTimes(); // of the spools, as well
  for (const { absent, prepare, run } of contenders) {
    if (absent !== undefined) continue;
    prepare?.();
    run();
    run();
  }
  await settleTimes();
}

/**
 * An account tree at rest.
 * @param {Bench} bench @param {{ mailboxes: number, each: number, size: number }} tree @param {Readonly<Record<string, Target>>} targets
 */
async function rest(bench, { mailboxes, each, size }, targets) {
  const { root } = bench;
  const spools = new Spools(31);
  let bytes = spools.write(`${root}/mail/inbox`, each, size).bytes;
  for (let n = 1; n < mailboxes; n++)
    bytes += spools.write(`${root}/mail/d${n % 20}/m${n}`, each, size).bytes;
  const messages = mailboxes * each;
  const contenders = updaters(bench, targets);
  await settle(bench, contenders);
  const title = `nothing changed, ${thousands(mailboxes)} mailboxes, ${thousands(messages)} messages`;
  return { figures: [await compare({ title, messages, bytes }, contenders, bench)] };
}

/** @type {Work} */
export const nothingChanged = {
  name: 'nothing changed',
  places: ['tmpfs', 'disk'],
  needs: (place) => (place === 'tmpfs' ? 18e9 : 3e9),
  run(bench) {
    const mailboxes = scaled(1000, Math.sqrt(bench.scale));
    const each = scaled(bench.place === 'tmpfs' ? 1000 : 100, Math.sqrt(bench.scale));
    return rest(
      bench,
      { mailboxes, each, size: 1000 },
      { [RSYNC]: { faster: 20 }, [DOVEADM]: { faster: 10 } },
    );
  },
};

/** What a mailbox costs, whatever is in it. @type {Work} */
export const manyMailboxes = {
  name: 'many mailboxes',
  places: ['tmpfs'],
  needs: () => 2e9,
  run: (bench) => rest(bench, { mailboxes: scaled(10_000, bench.scale), each: 3, size: 1000 }, {}),
};

/** The spool, and doveadm's copy of it. @param {Bench} bench */
function bothSpools({ root }) {
  return ['mail', 'dovecot-mail'].map((dir) => `${root}/${dir}/inbox`).filter((file) => fs.existsSync(file));
}

/**
 * Changes both before a round. Dovecot tells changes by seconds, and so nothing may be younger before or behind them.
 * @param {Bench} bench @param {(spool: string, round: number) => void} change @param {() => void} prepare
 */
function inBoth(bench, change, prepare = () => undefined) {
  return async (/** @type {number} */ round) => {
    await settleTimes();
    prepare();
    for (const spool of bothSpools(bench)) change(spool, round);
    await settleTimes();
  };
}

/** Changes what is read in each hundredth message. @param {string} spool @param {number} round */
function reflagSpool(spool, round) {
  fs.writeFileSync(
    spool,
    reflag(fs.readFileSync(spool), (i) => i % 100 === round % 100),
  );
}

/** Messages of a spool that have been read. @param {string} spool */
function seen(spool) {
  return fs.readFileSync(spool, 'latin1').match(/^Status: .*R/gm)?.length ?? 0;
}

/** How many messages are marked as read in a contender's Maildir. @param {string} name @param {string} root @returns {(() => number) | undefined} */
function seenBy(name, root) {
  /** @type {Record<string, string>} */
  const dirs = { spoolsync: 'Maildir', [RSYNC]: 'copy', [DOVEADM]: 'dovecot-never/Maildir' };
  const dir = dirs[name];
  return dir === undefined ? undefined : () => countSeen(`${root}/${dir}`);
}

/** @type {Work} */
export const littleChanged = {
  name: 'little changed',
  places: ['tmpfs', 'disk'],
  needs: () => 2e9,
  async run(bench) {
    const { contenders, root } = bench;
    const file = `${root}/mail/inbox`;
    const count = scaled(10_000, bench.scale);
    const spools = new Spools(32);
    const { messages, bytes } = spools.write(file, count);
    const hashing = { name: HASHING, run: () => contenders.run(process.execPath, [HASH, file]) };
    const starts = [
      { name: 'spoolsync --version', run: () => contenders.spoolsyncStart() },
      { name: 'node -e 0', run: () => contenders.run(process.execPath, ['-e', '0']) },
    ];
    const [we, ...rest] = updaters(bench, {});
    const all = /** @type {Contender[]} */ ([we, { ...hashing, target: { most: 1.3 } }, ...rest, ...starts]);
    await settle(bench, all);
    let there = messages;
    let mail = Buffer.alloc(0);
    const size = `${(bytes / 1e6).toFixed(0)} MB of ${thousands(messages)} messages`;
    const append = inBoth(
      bench,
      (spool) => fs.appendFileSync(spool, mail),
      () => {
        mail = spools.delivered(20);
        there += 20;
      },
    );
    const title = (/** @type {string} */ what) => ({ title: `${what} ${size}`, messages, bytes });
    const appended = await compare({ ...title('20 messages appended to'), wanted: () => there }, all, {
      ...bench,
      before: append,
    });
    const reflagged = await compare(
      { ...title('flags of 1 % changed in'), wanted: () => seen(file) },
      all.map((contender) => ({ ...contender, target: undefined, count: seenBy(contender.name, root) })),
      { ...bench, before: inBoth(bench, (spool, round) => reflagSpool(spool, round)) },
    );
    return { figures: [appended, reflagged] };
  },
};
