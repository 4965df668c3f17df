import { expect, test } from 'vitest';
import type { MboxDialect } from '../../../src/codec/mbox/dialect.ts';
import { dovecotDialect } from '../../../src/codec/mbox/dovecot.ts';
import { MboxFramer } from '../../../src/codec/mbox/framer.ts';
import { MessageScanner, NOWHERE, type ScanOptions } from '../../../src/codec/mbox/message-scanner.ts';
import { mmdfDialect, plainDialect } from '../../../src/codec/mbox/plain.ts';
import { uwDialect } from '../../../src/codec/mbox/uw.ts';
import { createZone } from '../../../src/codec/time-zone.ts';
import type { MessageRecord } from '../../../src/core/message.ts';
import { copyMessage } from '../../../src/source/scan.ts';
import type { Spool } from '../../../src/source/spool.ts';

const FROM = 'From alice@example.org Thu Nov  9 22:33:52 2001\n';

/** As much of a spool as a copy needs. */
function spoolOf(bytes: Buffer): Spool {
  const spool: Pick<Spool, 'size' | 'peek' | 'chunksSync'> = {
    size: bytes.length,
    peek: (at, length) => bytes.subarray(at, at + length),
    *chunksSync(from, to) {
      for (let at = from; at < to; at += 5) yield bytes.subarray(at, Math.min(to, at + 5));
    },
  };
  return spool as Spool;
}

function optionsFor(dialect: MboxDialect): Omit<ScanOptions, 'onMessage'> {
  const zone = createZone('UTC');
  if (!zone.ok) throw new Error(zone.reason);
  return {
    dialect,
    zone: zone.zone,
    unquote: 'none',
    fallbackDate: 0,
    store: NOWHERE,
    remark: () => undefined,
  };
}

test.each<[string, MboxDialect, string]>([
  ['dovecot', dovecotDialect, FROM],
  ['uw', uwDialect, FROM],
  ['plain', plainDialect, FROM],
  ['MMDF', mmdfDialect, `\x01\x01\x01\x01\n${FROM}`],
])(
  '%s: a copy is what the scan found, with its date, even of internal data that is not the first message',
  (_name, dialect, separator) => {
    const messages = [
      `Subject: a\n\n${FROM}\n\n`,
      'X-IMAP: 1000 10\nSubject: b\n\ninternal data\n\n',
      'Subject: c\n\n\n',
    ];
    const bytes = Buffer.from(messages.map((message) => separator + message).join(''), 'latin1');
    const options = optionsFor(dialect);
    const records: MessageRecord[] = [];
    const scanner = new MessageScanner({ ...options, onMessage: (record) => records.push(record) });
    const framer = new MboxFramer(dialect, scanner, spoolOf(bytes));
    framer.push(bytes);
    framer.end();
    expect(records.length).toBeGreaterThanOrEqual(3);

    for (const record of records) {
      const log: string[] = [];
      let copied = '';
      const found = copyMessage(spoolOf(bytes), options, record, {
        begin: () => true,
        data: (data) => {
          copied += Buffer.from(data).toString('latin1');
        },
        end: (date) => log.push(`end ${date}`),
        drop: () => log.push('drop'),
      });
      expect(log).toEqual([`end ${record.date}`]);
      const { size, vsize, digest } = record;
      expect(found).toMatchObject({ size, vsize, digest });
      expect(copied.length).toBe(size);
    }
  },
);
