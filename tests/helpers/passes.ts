import fc from 'fast-check';
import type { Effort, MailboxChange, PassEntry } from '../../src/core/history.ts';

/** Recorded passes for tests. */

const NOTHING: Effort = { mailboxes: 0, messages: 0, read: 0, seconds: 0 };
export const HOUR = 3_600_000;
export const MONDAY = Date.parse('2026-03-02T02:00:00.000Z');

type Parts = Partial<Omit<PassEntry, 'totals'>> & {
  readonly at?: number;
  readonly totals?: Partial<PassEntry['totals']>;
};

/** A pass that found nothing, but for what `parts` says. `at`: when it began, milliseconds since 1970. */
export function pass({ at = MONDAY, totals, ...parts }: Parts = {}): PassEntry {
  return {
    command: 'convert',
    version: '1.0.0',
    started: new Date(at).toISOString(),
    seconds: 1,
    totals: {
      mailboxes: 10,
      messages: 1000,
      bytes: 10_000_000,
      added: 0,
      reflagged: 0,
      renumbered: 0,
      removed: 0,
      findings: 0,
      failures: 0,
      differences: 0,
      ...totals,
    },
    idle: NOTHING,
    busy: NOTHING,
    compared: NOTHING,
    written: 0,
    files: 0,
    mailboxes: [],
    more: { mailboxes: 0, changes: 0, read: 0 },
    ...parts,
  };
}

/** A mailbox that was read whole. */
export function change(mailbox: string, bytes: number, counts: Partial<MailboxChange> = {}): MailboxChange {
  return { mailbox, added: 0, reflagged: 0, renumbered: 0, removed: 0, bytes, read: bytes, ...counts };
}

/** What a server with exactly these costs would have recorded. */
export interface Machine {
  readonly overhead: number;
  /** Seconds per unchanged mailbox, per mailbox that is read, per byte of it. */
  readonly look: number;
  readonly open: number;
  readonly byte: number;
  /** Seconds per message, and per byte of it on either side, that is compared. */
  readonly message: number;
  readonly comparedByte: number;
}

/** A pass on that machine, over an account of 10 mailboxes with 1 MB in 100 messages each. */
export function passOn(machine: Machine, at: number, changed: readonly MailboxChange[]): PassEntry {
  const sum = (of: (one: MailboxChange) => number) => changed.reduce((total, one) => total + of(one), 0);
  const idle = { ...NOTHING, mailboxes: 10 - changed.length, seconds: (10 - changed.length) * machine.look };
  const read = sum((one) => one.read);
  const busySeconds = changed.length * machine.open + read * machine.byte;
  const added = sum((one) => one.added);
  const reflagged = sum((one) => one.reflagged);
  return pass({
    at,
    seconds: machine.overhead + idle.seconds + busySeconds,
    idle,
    busy: { mailboxes: changed.length, messages: added + reflagged, read, seconds: busySeconds },
    mailboxes: changed,
    written: added * 10_000,
    files: added,
    totals: { added, reflagged },
  });
}

export function verifyOn(machine: Machine, at: number, messages = 1000, bytes = 20_000_000): PassEntry {
  const seconds = messages * machine.message + bytes * machine.comparedByte;
  return pass({
    command: 'verify',
    at,
    seconds: machine.overhead + seconds,
    compared: { mailboxes: 10, messages, read: bytes, seconds },
  });
}

const count = (max: number) => fc.nat({ max });
const time = fc.double({ min: 0, max: 1e5, noNaN: true });
const effort = (max: number): fc.Arbitrary<Effort> =>
  fc.record({ mailboxes: count(max), messages: count(1e6), read: count(1e12), seconds: time });

/** Any history, however odd: clocks that stand still or go back, times without work, work without time. */
export const anyHistory: fc.Arbitrary<PassEntry[]> = fc.array(
  fc.record({
    command: fc.constantFrom('convert', 'final', 'merge', 'verify'),
    version: fc.constant('1.0.0'),
    started: fc
      .oneof(count(1000), count(1e9))
      .map((seconds) => new Date(MONDAY + seconds * 1000).toISOString()),
    seconds: time,
    totals: fc.record({
      mailboxes: count(1e5),
      messages: count(1e6),
      bytes: count(1e12),
      // Mostly few: a pass that added more than half of the mail does not count.
      added: fc.oneof({ weight: 4, arbitrary: count(100) }, count(1e6)),
      reflagged: count(1e4),
      renumbered: count(1e4),
      removed: count(1e4),
      findings: count(9),
      failures: count(9),
      differences: count(9),
    }),
    idle: effort(1e5),
    busy: effort(1000),
    compared: effort(1e5),
    written: count(1e12),
    files: count(1e6),
    mailboxes: fc.array(
      fc.record({
        mailbox: fc.constantFrom('INBOX', 'Sent', 'Drafts', 'a/b'),
        added: count(1000),
        reflagged: count(1000),
        renumbered: count(10),
        removed: count(1000),
        bytes: count(1e10),
        read: count(1e10),
      }),
      { maxLength: 5 },
    ),
    more: fc.record({ mailboxes: count(1000), changes: count(1e5), read: count(1e10) }),
  }),
  { minLength: 3, maxLength: 12 },
);
