import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { ContentFilter, claimedLength } from '../../src/codec/mbox/content-filter.ts';
import type { MboxDialect } from '../../src/codec/mbox/dialect.ts';
import { dovecotDialect } from '../../src/codec/mbox/dovecot.ts';
import { type RulesDecision, RulesEvidence } from '../../src/codec/mbox/evidence.ts';
import { MboxFramer } from '../../src/codec/mbox/framer.ts';
import type { FramerSink } from '../../src/codec/mbox/framing.ts';
import { plainDialect } from '../../src/codec/mbox/plain.ts';
import { SNIFF_BYTES, sniff } from '../../src/codec/mbox/sniff.ts';
import { Unquoter } from '../../src/codec/mbox/unquote.ts';
import { corpusRoot, type Difference, differences, majority, readJson } from './corpus.ts';

/** Files that Dovecot refuses, and the months of list archives: counts and bytes by the rules that `auto` chooses. */

interface Entry {
  readonly asserted?: number | string | null;
  readonly python?: number | string;
  readonly dovecot?: number | string;
  readonly uw_c_client?: number | string;
  readonly git_mailsplit?: number | string;
  readonly formail?: number | string;
  readonly expected_messages?: readonly { readonly sha256: string; readonly size: number }[];
}

interface Month {
  readonly strict_from: number;
  readonly python: number | string;
  readonly dovecot: number | string;
  readonly git_mailsplit: number | string;
}

/** Chunks of this size, so that the framer meets cuts. */
const CHUNK = 50_000;

function frame(bytes: Buffer, dialect: MboxDialect, sink: FramerSink): void {
  const framer = new MboxFramer(dialect, sink, {
    size: bytes.length,
    peek: (offset, length) => bytes.subarray(offset, offset + length),
  });
  for (let at = 0; at < bytes.length; at += CHUNK) framer.push(Buffer.from(bytes.subarray(at, at + CHUNK)));
  framer.end();
}

/** What a dialect makes of a file: the messages' bytes, with `>From ` quoting undone as in mboxrd. */
function read(bytes: Buffer, dialect: MboxDialect, onHeader: FirstHeader = () => undefined): Buffer[] {
  const messages: Buffer[] = [];
  let pieces: Buffer[] = [];
  let separator = '';
  const out = (buf: Uint8Array, start: number, end: number) =>
    pieces.push(Buffer.from(buf.slice(start, end)));
  const filter = new ContentFilter(dialect, out);
  const unquoter = new Unquoter('rd', out);
  frame(bytes, dialect, {
    begin: ({ offset, content }) => {
      filter.begin();
      pieces = [];
      separator = bytes.toString('latin1', offset, content);
    },
    header: (buf, start, end, first) => filter.header(buf, start, end, first),
    headerEnd: () => {
      const headers = filter.headerEnd();
      if (messages.length === 0) onHeader(separator, headers);
      return claimedLength(headers);
    },
    body: (buf, start, end) => unquoter.push(buf, start, end),
    end: () => {
      unquoter.end();
      messages.push(Buffer.concat(pieces));
    },
    doubt: () => undefined,
    leading: () => undefined,
  });
  return messages;
}

type FirstHeader = RulesEvidence['firstMessage'];

function chooseRules(bytes: Buffer): RulesDecision {
  const evidence = new RulesEvidence(false);
  const dialect: MboxDialect = {
    ...plainDialect,
    judge: (candidate) => {
      const verdict = plainDialect.judge(candidate);
      evidence.candidate(candidate.offset, dovecotDialect.judge(candidate), verdict);
      return verdict;
    },
  };
  read(bytes, dialect, (separator, headers) => evidence.firstMessage(separator, headers));
  return evidence.decide(bytes.length);
}

/** The messages of a file, or `refused`. */
function convert(file: string): readonly Buffer[] | 'refused' {
  const raw = fs.readFileSync(file);
  const bytes = file.endsWith('.gz') ? gunzipSync(raw) : raw;
  if (sniff(bytes.subarray(0, SNIFF_BYTES)).kind === 'refused') return 'refused';
  const { rules } = chooseRules(bytes);
  if (rules === 'uw') throw new Error(`${file}: no server wrote this file, yet auto chose uw`);
  return read(bytes, rules === 'dovecot' ? dovecotDialect : plainDialect);
}

const count = (messages: readonly Buffer[] | 'refused') =>
  messages === 'refused' ? messages : String(messages.length);

/** What the file's own source asserts, in its words where they are more than a number; else what most readers find. */
function expectedCount(entry: Entry): string {
  const { asserted, python, dovecot, uw_c_client, git_mailsplit, formail } = entry;
  if (typeof asserted === 'number') return String(asserted);
  if (typeof asserted === 'string') return asserted.startsWith('error') ? 'refused' : asserted;
  const refusedByDovecot = dovecot === 0 ? undefined : dovecot;
  return String(majority([python, refusedByDovecot, uw_c_client, git_mailsplit, formail]));
}

function compareEntry(file: string, entry: Entry, root: string): Difference[] {
  const ours = convert(path.join(root, file));
  const found: Difference[] = [];
  const add = (what: string, expected: string, got: string) => {
    if (expected !== got) found.push({ file, what, expected, ours: got });
  };
  add('messages', expectedCount(entry), count(ours));
  if (ours === 'refused') return found;
  entry.expected_messages?.forEach(({ sha256, size }, index) => {
    const bytes = ours[index] ?? Buffer.alloc(0);
    const same = createHash('sha256').update(bytes).digest('hex') === sha256;
    add(`content ${index + 1}`, `${size} bytes`, same ? `${size} bytes` : `${bytes.length} other bytes`);
  });
  return found;
}

describe.runIf(corpusRoot !== undefined)('files without a server', () => {
  const root = corpusRoot ?? '';

  it('are read as their sources assert, or as a row of known-differences.md says', () => {
    const all = readJson<Record<string, Entry>>(path.join(root, 'EXPECTED.json'));
    // stalwart's file is one that Dovecot reads with two messages glued together: auto must see that.
    const entries = Object.entries(all).filter(
      ([file, { dovecot }]) => dovecot === 0 || file.startsWith('stalwart-mail-parser/mbox'),
    );
    expect(entries.length).toBeGreaterThan(50);
    const found = entries.flatMap(([file, entry]) => compareEntry(file, entry, root));
    expect(found).toEqual(differences((file) => !file.startsWith('archives/')));
  });

  it('list archives hold as many messages as they have From_ lines with a date', () => {
    const months = Object.entries(readJson<Record<string, Month>>(path.join(root, 'EXPECTED-archives.json')));
    expect(months.length).toBeGreaterThan(200);
    const found = months.flatMap(([name, { strict_from, python, dovecot, git_mailsplit }]) => {
      const file = `archives/${name}`;
      const expected = String(strict_from || majority([python, dovecot, git_mailsplit]));
      const ours = count(convert(path.join(root, file)));
      return expected === ours ? [] : [{ file, what: 'messages', expected, ours }];
    });
    expect(found).toEqual(differences((file) => file.startsWith('archives/')));
  });
});
