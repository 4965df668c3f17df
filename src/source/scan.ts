import { pipeline } from 'node:stream/promises';
import { ContentFilter, claimedLength } from '../codec/mbox/content-filter.ts';
import type { MboxDialect, MetadataHeader } from '../codec/mbox/dialect.ts';
import { dovecotDialect } from '../codec/mbox/dovecot.ts';
import { type RulesDecision, RulesEvidence } from '../codec/mbox/evidence.ts';
import { MboxFramer } from '../codec/mbox/framer.ts';
import type { FramerSink } from '../codec/mbox/framing.ts';
import {
  type ContentStore,
  MessageScanner,
  type ScanOptions,
  type ScanTotals,
} from '../codec/mbox/message-scanner.ts';
import { mmdfDialect, plainDialect } from '../codec/mbox/plain.ts';
import { uwDialect } from '../codec/mbox/uw.ts';
import { SpoolsyncError } from '../core/errors.ts';
import type { MessageRecord } from '../core/message.ts';
import type { MboxRules } from '../core/types.ts';
import { FramerStream } from './framer-stream.ts';
import type { Spool } from './spool.ts';

/**
 * Reads a whole spool once. `SOURCE_MOVED` if it became shorter meanwhile. `took` hears of the pieces as they are read.
 */
export async function scanSpool(
  spool: Spool,
  options: ScanOptions,
  took: (piece: Uint8Array) => void,
): Promise<ScanTotals> {
  const scanner = new MessageScanner(options);
  const framer = new MboxFramer(options.dialect, scanner, spool);
  await feed(spool, framer, took);
  framer.end();
  return scanner.finish();
}

async function feed(spool: Spool, framer: MboxFramer, took: (piece: Uint8Array) => void): Promise<void> {
  let bytes = 0;
  const count = (piece: Uint8Array) => {
    bytes += piece.length;
    took(piece);
  };
  await pipeline(spool.stream(), new FramerStream(framer, count));
  if (bytes === spool.size) return;
  throw new SpoolsyncError('SOURCE_MOVED', `the spool became shorter while it was read`, {
    place: `${spool.place}:${bytes}`,
    advice: 'run the same command again when its server is quiet',
  });
}

/** A rule set for a spool, and why. */
export interface ChosenRules extends RulesDecision {
  readonly dialect: MboxDialect;
}

/** Chooses the rules that fit a spool, reading it once if it must. `indexes`: Dovecot's indexes belong to it. */
export async function detectRules(spool: Spool, indexes: boolean): Promise<ChosenRules> {
  const refused = 'Dovecot and UW would refuse the whole file';
  switch (spool.kind) {
    case 'mmdf':
      return {
        dialect: mmdfDialect,
        rules: 'plain',
        reason: 'MMDF: messages stand between lines of four ^A',
        ground: 0,
      };
    case 'cr-only':
      return {
        dialect: plainDialect,
        rules: 'plain',
        reason: `its lines end with CR alone, stored as LF; ${refused}`,
        ground: 0,
      };
    case 'message':
      return {
        dialect: plainDialect,
        rules: 'plain',
        reason: `it begins with a header and no From_ line; ${refused}`,
        ground: 0,
      };
    case 'junk':
    case 'mbox':
    case 'empty':
      return choose(spool, await survey(spool, indexes, 'file'));
  }
}

/** The rules that the first message alone settles; `undefined` where the lines of the file must. */
export async function rulesByFirst(spool: Spool, indexes: boolean): Promise<ChosenRules | undefined> {
  const decision = await survey(spool, indexes, 'first message');
  return decision.ground === 'mark' || decision.ground === 0 ? choose(spool, decision) : undefined;
}

/** Rules whose server would have refused the file, whatever marks it bears, cannot read it. */
function choose(spool: Spool, decision: RulesDecision): ChosenRules {
  const dialect = dialectOf(decision.rules);
  if (spool.size === 0 || dialect.before === 'anything' || beginsWithSeparator(spool, dialect))
    return { ...decision, dialect };
  const reason = `the file does not begin with a From_ line that the ${decision.rules} rules accept (although ${decision.reason})`;
  return { dialect: plainDialect, rules: 'plain', reason, ground: 0 };
}

/** The rules an administrator asked for. `SOURCE_NOT_MBOX` where that server would have refused the file. */
export function forceRules(spool: Spool, rules: MboxRules): ChosenRules {
  const dialect = spool.kind === 'mmdf' && rules === 'plain' ? mmdfDialect : dialectOf(rules);
  if (dialect.before !== 'anything' && spool.size > 0 && !beginsWithSeparator(spool, dialect)) {
    const message = `the file does not begin with a From_ line that the ${rules} rules accept: that server would refuse it`;
    throw new SpoolsyncError('SOURCE_NOT_MBOX', message, {
      place: `${spool.place}:0`,
      advice: 'use --mbox-rules auto or plain to read it all the same',
    });
  }
  return { dialect, rules, reason: 'asked for', ground: 'mark' };
}

export function dialectOf(rules: MboxRules): MboxDialect {
  switch (rules) {
    case 'dovecot':
      return dovecotDialect;
    case 'uw':
      return uwDialect;
    case 'plain':
      return plainDialect;
  }
}

const IGNORE = () => undefined;
/** A sink that wants to hear nothing; what it does want is put over it. */
const SILENT: FramerSink = {
  begin: IGNORE,
  header: IGNORE,
  headerEnd: IGNORE,
  body: IGNORE,
  end: IGNORE,
  doubt: IGNORE,
  leading: IGNORE,
};
const HEAD = 65_536;

/** Whether the first message of the file stands behind a separator; asked of a copy of the dialect that always goes on. */
export function beginsWithSeparator(spool: Spool, dialect: MboxDialect): boolean {
  let separator = false;
  let messages = 0;
  const bytes = spool.peek(0, HEAD);
  const input = { size: bytes.length, peek: (at: number, length: number) => bytes.subarray(at, at + length) };
  const sink = {
    ...SILENT,
    begin: (start: { offset: number; content: number }) => {
      if (messages++ === 0)
        separator = start.content > start.offset && isAllowed(bytes.subarray(0, start.offset), dialect);
    },
  };
  const framer = new MboxFramer({ ...dialect, before: 'anything', contentLength: false }, sink, input);
  framer.push(bytes);
  framer.end();
  return separator;
}

/** Whether a dialect lets these bytes stand before the first separator. */
function isAllowed(leading: Uint8Array, { before }: MboxDialect): boolean {
  return leading.length === 0 || (before === 'blank-lines' && leading[0] !== BOM);
}

/** First byte of a byte order mark in UTF-8. */
const BOM = 0xef;

/** Reads a spool by the plain rules, asking Dovecot's about every line, until the question is settled. */
async function survey(
  spool: Spool,
  indexes: boolean,
  part: 'file' | 'first message',
): Promise<RulesDecision> {
  const evidence = new RulesEvidence(indexes);
  const settled = new Settled();
  const dialect: MboxDialect = {
    ...plainDialect,
    judge: (candidate) => {
      const verdict = plainDialect.judge(candidate);
      evidence.candidate(candidate.offset, dovecotDialect.judge(candidate), verdict);
      return verdict;
    },
  };
  const filter = new ContentFilter(dialect, IGNORE);
  let separator = '';
  let messages = 0;
  const framer = new MboxFramer(
    dialect,
    {
      ...SILENT,
      begin: ({ offset, content }) => {
        filter.begin();
        if (messages++ === 0)
          separator = Buffer.from(spool.peek(offset, content - offset)).toString('latin1');
      },
      header: (buf, start, end, first) => filter.header(buf, start, end, first),
      headerEnd: () => {
        const headers: readonly MetadataHeader[] = filter.headerEnd();
        if (messages === 1) {
          evidence.firstMessage(separator, headers);
          if (evidence.settled || part === 'first message') throw settled;
        }
        return claimedLength(headers);
      },
    },
    spool,
  );
  try {
    // The first message ends near the beginning as a rule, and all other pieces would be read for nothing.
    if (part === 'first message')
      for (const piece of spool.chunksSync(0, spool.size, HEAD)) framer.push(piece);
    else await feed(spool, framer, IGNORE);
    framer.end();
  } catch (error) {
    if (error !== settled) throw error;
  }
  return evidence.decide(spool.size);
}

/** Ends a survey early; never leaves this file. */
class Settled extends Error {}

const NO_NUMBERS = { uidValidity: undefined, uidNext: 1, keywords: [], renumbered: false };

/** Reads the content of one message again, from the offsets of its record, into a store. */
export function copyMessage(
  spool: Spool,
  options: Omit<ScanOptions, 'onMessage'>,
  record: MessageRecord,
  store: ContentStore,
): MessageRecord | undefined {
  const found: MessageRecord[] = [];
  const span = record.end - record.start;
  const dialect: MboxDialect = {
    ...options.dialect,
    before: 'anything',
    contentLength: false,
    trailingNewline: 'never',
    judge: () => ({ separator: false }),
    // Its numbers are known, and a message that is not the first of its file cannot be the pseudo message.
    numbering: () => ({
      message: () => record,
      replay: () => undefined,
      replayStretch: () => false,
      finish: () => NO_NUMBERS,
    }),
    marker: 'From ',
  };
  const scanner = new MessageScanner({
    ...options,
    dialect,
    store: {
      begin: (ordinal) => store.begin(ordinal),
      data: (bytes) => store.data(bytes),
      end: () => store.end(record.date),
      drop: () => store.drop(),
    },
    onMessage: (message) => found.push(message),
  });
  const input = { size: span, peek: (at: number, length: number) => spool.peek(record.start + at, length) };
  const framer = new MboxFramer(dialect, scanner, input, 'message');
  for (const chunk of spool.chunksSync(record.start, record.end)) framer.push(chunk);
  framer.end();
  return found[0];
}
