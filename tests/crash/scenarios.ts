import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { base, message, numbered } from '../helpers/account.ts';
import { linesOf } from './end-state.ts';
import { type Call, type Ended, failuresOf, makeStage, Slot } from './stage.ts';
import type { Tree } from './tree.ts';

/** A pass that is cut off in the tests, over a small account. */
export interface Scenario {
  readonly name: string;
  /** Sources, one after the other: all but the last are converted in peace. Path below the source to text. */
  readonly sources: readonly Readonly<Record<string, string>>[];
  readonly command: readonly string[];
  /** The pass takes more calls that change something. */
  readonly floor: number;
}

const keywords = (names: string) => ({ headers: `X-Keywords: ${names}\n` });

/** A numbered mailbox: what stands in the file of its server. */
function mailbox(
  validity: number,
  last: number,
  names: string,
  messages: readonly [number, string, string?][],
): string {
  return messages
    .map(([uid, status, tags = ''], index) => {
      const { headers } = tags === '' ? { headers: '' } : keywords(tags);
      return numbered(uid, status, {
        headers: `${index === 0 ? base(validity, last, names) : ''}${headers}`,
      });
    })
    .join('');
}

const FIRST: Readonly<Record<string, string>> = {
  'spool/alice': mailbox(1234, 3, 'work $Forwarded', [
    [1, 'RO', 'work'],
    [2, 'O'],
    [3, 'RO\nX-Status: F', '$Forwarded'],
  ]),
  'mail/Archive/2001': mailbox(77, 8, 'old', [
    [5, 'RO'],
    [8, 'RO', 'old'],
  ]),
  // No server has numbered this one.
  'mail/Plain': message(1) + message(2),
  'mail/.subscriptions': 'Archive/2001\n',
};

const SECOND: Readonly<Record<string, string>> = {
  'spool/alice': mailbox(1234, 5, 'work $Forwarded later', [
    [1, 'RO\nX-Status: A', 'work'],
    [3, 'RO', '$Forwarded work'],
    [4, 'O', 'later'],
    [5, 'RO'],
  ]),
  'mail/Archive/2001': FIRST['mail/Archive/2001'] ?? '',
  'mail/Plain': message(1) + message(2) + message(3),
  'mail/Sent': mailbox(99, 2, '', [
    [1, 'RO'],
    [2, 'RO'],
  ]),
  'mail/.subscriptions': 'Archive/2001\nSent\n',
};

export const SCENARIOS: readonly Scenario[] = [
  { name: 'the first convert', sources: [FIRST], command: ['convert'], floor: 130 },
  { name: 'a delta', sources: [FIRST, SECOND], command: ['convert'], floor: 110 },
];

/** More than 16 messages in a mailbox: they are flushed by one syncfs(2). */
export const MANY: Scenario = {
  name: 'a first convert of twenty messages',
  sources: [
    {
      'spool/alice': mailbox(
        1234,
        20,
        '',
        Array.from({ length: 20 }, (_, i) => [i + 1, 'RO']),
      ),
    },
  ],
  command: ['convert'],
  floor: 90,
};

/** A scenario at the moment before its pass, in some places at once. */
export interface Prepared {
  readonly scenario: Scenario;
  readonly slots: readonly PreparedSlot[];
}

/** One place, with what lies there before the pass, and what the pass makes of it when nothing disturbs it. */
export interface PreparedSlot {
  readonly slot: Slot;
  readonly before: Tree;
  readonly after: Tree;
  /** The end state that a disturbed pass must come to as well. */
  readonly wanted: readonly string[];
  readonly exit: number;
  /** The calls of the undisturbed pass that change something. */
  readonly changes: readonly Call[];
  /** All its calls. */
  readonly calls: readonly Call[];
}

const SLOTS = 2;

export async function prepare(scenario: Scenario): Promise<Prepared> {
  const stage = makeStage();
  const source = path.join(stage, 'source');
  const slots = Array.from({ length: SLOTS }, (_, i) => new Slot(path.join(stage, `slot${i}`), source));
  for (const [i, files] of scenario.sources.entries()) {
    await putSource(source, files);
    if (i === scenario.sources.length - 1) break;
    for (const slot of slots) undisturbed(await slot.run(['convert']));
  }
  return { scenario, slots: await Promise.all(slots.map((slot) => prepareSlot(scenario, slot))) };
}

async function prepareSlot({ command }: Scenario, slot: Slot): Promise<PreparedSlot> {
  const before = slot.state();
  const exit = undisturbed(await slot.run(command, { count: 'changes' }));
  const changes = slot.calls().filter(({ change }) => change);
  const after = slot.state();
  slot.restore(before);
  undisturbed(await slot.run(command, { count: 'calls' }));
  const calls = slot.calls();
  return { slot, before, after, wanted: linesOf(after), exit, changes, calls };
}

/** Fails for a pass that did not go as it should; the exit status otherwise. */
function undisturbed(ended: Ended): number {
  if (failuresOf(ended).length > 0 || ended.status < 0 || ended.stderr !== '')
    throw new Error(`undisturbed, and yet: ${JSON.stringify(ended)}`);
  return ended.status;
}

/** Spools written by now are old when this returns: a pass looks closer at those that may still be changing. */
async function putSource(at: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(at, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, text, 'latin1');
  }
  await sleep(2500);
}
