import fs from 'node:fs';
import { compare, medianSeconds } from '../compare.mjs';
import { absence } from '../contenders.mjs';
import { countMessages } from '../measure.mjs';
import { Spools } from '../spools.mjs';
import { clear, converters, ourPeak, ours, scaled, thousands, warm } from './common.mjs';

/** First passes: mboxes to Maildirs. */

/** @typedef {import('./common.mjs').Work} Work */
/** @typedef {import('./common.mjs').Bench} Bench */
/** @typedef {import('../compare.mjs').Contender} Contender */
/** @typedef {import('../compare.mjs').Target} Target */

const FOUR = ['inbox', 'lists', 'sent', 'work'];

/** @type {Readonly<Record<'tmpfs' | 'disk', Readonly<Record<string, Target>>>>} */
const FOUR_TARGETS = {
  tmpfs: {
    floor: { most: 1.5 },
    mb2md: { faster: 4 },
    'doveadm backup, mail_fsync=never': { faster: 8 },
  },
  disk: { 'floor, then a flush': { most: 1.2 }, mb2md: { faster: 1 } },
};

/** Four mboxes of ordinary mail. @param {Bench} bench @param {(name: string) => string} place where each lies */
function writeFour({ scale }, place) {
  const spools = new Spools(21);
  const files = FOUR.map((name) => place(name));
  const made = files.map((file) => spools.write(file, scaled(12_000, scale)));
  const sum = (/** @type {number[]} */ values) => values.reduce((a, b) => a + b, 0);
  return {
    files,
    messages: sum(made.map(({ messages }) => messages)),
    bytes: sum(made.map(({ bytes }) => bytes)),
  };
}

/** @type {Work} */
export const fourMailboxes = {
  name: 'four mailboxes',
  places: ['tmpfs', 'disk'],
  needs: () => 3.5e9,
  async run(bench) {
    const { files, ...size } = writeFour(bench, (name) => `${bench.root}/mail/${name}`);
    const contenders = converters(bench, FOUR, { targets: FOUR_TARGETS[bench.place] });
    const title = `4 mboxes of ${thousands(size.messages / 4)} messages, one account's`;
    return {
      figures: [await compare({ title, ...size }, contenders, { ...bench, before: () => warm(files) })],
    };
  },
};

/** @type {Work} */
export const fourAccounts = {
  name: 'four accounts',
  places: ['tmpfs', 'disk'],
  needs: () => 3.5e9,
  async run(bench) {
    const { contenders, root, place } = bench;
    const { files, ...size } = writeFour(bench, (name) => `${root}/spool/${name}`);
    const target = `${root}/other`;
    const fresh = { prepare: () => clear(bench, target), count: () => countMessages(target) };
    const from = `mbox:${root}/home/%u/mail:INBOX=${root}/spool/%u`;
    const targets = FOUR_TARGETS[place];
    const mb2md = (/** @type {number} */ atOnce) => () => {
      fs.mkdirSync(target, { recursive: true });
      return contenders.mb2mdEach(files, target, atOnce);
    };
    /** @type {Contender[]} */
    const all = [
      {
        name: 'spoolsync',
        prepare: () => clear(bench, `${root}/Maildirs`, `${root}/state`),
        run: () => contenders.spoolsync('convert', { from, to: `maildir:${root}/Maildirs/%u`, home: root }),
        count: () => countMessages(`${root}/Maildirs`),
      },
      { name: 'floor', ...fresh, run: () => contenders.floor(target, files) },
      { name: 'floor, then a flush', ...fresh, run: () => contenders.floor(target, files, { flush: root }) },
      { name: 'mb2md', ...fresh, absent: absence('mb2md'), run: mb2md(1) },
      { name: 'mb2md, two at once', ...fresh, absent: absence('mb2md'), run: mb2md(2) },
    ];
    const here = all
      .filter(({ name }) => place === 'disk' || name !== 'floor, then a flush')
      .map((contender) => ({ ...contender, target: targets[contender.name] }));
    const title = `4 mboxes of ${thousands(size.messages / 4)} messages, INBOX of one account each`;
    return { figures: [await compare({ title, ...size }, here, { ...bench, before: () => warm(files) })] };
  },
};

/** Cost for each message, the start of the program aside, of the large mailbox as a multiple of the small one's. @param {import('../compare.mjs').Figures} large @param {import('../compare.mjs').Figures} small @param {number} start seconds */
function growth(large, small, start) {
  const each = (/** @type {import('../compare.mjs').Figures} */ { rows: [row], messages }) =>
    row === undefined ? Number.NaN : (medianSeconds(row) - start) / messages;
  return each(large) / each(small);
}

/** A pass that finds nothing to do. @param {Bench} bench @param {import('../compare.mjs').Figures} size */
async function passAgain(bench, { messages, bytes }) {
  const { contenders, root } = bench;
  clear(bench, `${root}/other`);
  const sync = () => contenders.copy('rsync', ['-a', '--delete'], `${root}/Maildir`, `${root}/copy`);
  const rsync = { name: 'rsync -a, the same Maildirs', absent: absence('rsync'), run: sync };
  ours(bench);
  if (rsync.absent === undefined) sync();
  const title = `nothing changed, one mbox of ${thousands(messages)} messages of 1 KB`;
  return compare({ title, messages, bytes }, [{ name: 'spoolsync', run: () => ours(bench) }, rsync], bench);
}

/** @type {Work} */
export const manyMessages = {
  name: 'many messages',
  places: ['tmpfs', 'disk'],
  needs: (place) => (place === 'tmpfs' ? 12e9 : 1.5e9),
  async run(bench) {
    const { contenders, root, place } = bench;
    const count = scaled(place === 'tmpfs' ? 1_000_000 : 100_000, bench.scale);
    const spools = new Spools(22);
    const file = `${root}/mail/inbox`;
    const left = {
      'doveadm backup, mail_fsync=never': 'left out: its time grows with the square of the messages',
      'doveadm backup, default': 'left out: its time grows with the square of the messages',
      'Python mailbox': 'left out: it takes a quarter of an hour',
    };
    const few = spools.write(file, Math.max(20, Math.round(count / 100)), 1000);
    const [we, floor] = converters(bench, ['inbox'], {});
    const start = { name: 'spoolsync --version', run: () => contenders.spoolsyncStart() };
    const title = (/** @type {number} */ messages) => `one mbox of ${thousands(messages)} messages of 1 KB`;
    const all = /** @type {Contender[]} */ ([we, floor, start]);
    const small = await compare({ title: title(few.messages), ...few }, all, bench);
    fs.rmSync(`${root}/mail`, { recursive: true });
    const many = spools.write(file, count, 1000);
    const before = () => warm([file]);
    const large = await compare({ title: title(count), ...many }, converters(bench, ['inbox'], { left }), {
      ...bench,
      before,
    });
    const again = await passAgain(bench, large);
    const [, , starts] = small.rows;
    const starting = starts === undefined ? 0 : medianSeconds(starts);
    return {
      figures: [small, large, again],
      limits: [
        {
          what: `cost per message, to that of ${thousands(few.messages)} messages (start of the program aside)`,
          value: growth(large, small, starting),
          unit: 'x',
          bound: { most: 1.3 },
        },
        {
          what: `peak RSS, ${thousands(count)} messages`,
          value: ourPeak(large),
          unit: 'MB',
          bound: { most: 250 },
        },
      ],
    };
  },
};

/** @type {Work} */
export const hugeMessages = {
  name: 'huge messages',
  places: ['tmpfs', 'disk'],
  needs: () => 3e9,
  async run(bench) {
    const each = Math.round(64e6 * bench.scale);
    const file = `${bench.root}/mail/inbox`;
    const size = new Spools(23).write(file, 8, each);
    const title = `one mbox of 8 messages of ${(each / 1e6).toFixed(0)} MB`;
    const before = () => warm([file]);
    return {
      figures: [await compare({ title, ...size }, converters(bench, ['inbox'], {}), { ...bench, before })],
    };
  },
};
