import type { ManifestHeader } from '../../../src/state/manifest-format.ts';

/** The header of a manifest of so many messages. */
export function headerFor(messages: number): ManifestHeader {
  return {
    generation: 3,
    account: 'alice',
    folder: '.Sent',
    mailbox: 'Sent',
    rules: 'dovecot',
    reason: 'X-IMAPbase',
    ground: 'mark',
    reading: 'auto UTC none',
    settled: true,
    bytes: 3,
    findings: { list: [{ code: 'WEAK_SEPARATOR', offset: 7, message: 'no header' }], more: 2 },
    stamp: 'x',
    uidlist: '1 2 3 4 5',
    targetNext: 100,
    foreign: 0,
    lost: [],
    blocks: { size: 1024, count: 0 },
    source: { dev: '1', ino: '2', size: 3, mtimeNs: '4', ctimeNs: '5' },
    target: { count: messages, sum: 'abc' },
    guid: '0'.repeat(32),
    letters: ['$Label', null],
    messages,
    uidValidity: 7,
    numbered: true,
    uidNext: 100,
    keywords: ['$Label', 'caf\u00e9'],
  };
}
