import { describe, expect, test } from 'vitest';
import { subscribedNames } from '../../../src/source/subscribed.ts';

describe('subscribedNames', () => {
  const files = (dovecot?: string, uw?: string) => ({
    dovecot: dovecot === undefined ? undefined : Buffer.from(dovecot),
    uw: uw === undefined ? undefined : Buffer.from(uw),
  });
  test.each([
    ['no list at all', files(), undefined],
    ['an empty list', files(''), []],
    ['Dovecot’s, version 1', files('Sent\nA/B\n'), [['Sent'], ['A', 'B']]],
    ['Dovecot’s, version 2', files('V\t2\n\nSent\nA\tB\n'), [['Sent'], ['A', 'B']]],
    [
      'UW’s, as seen from the home',
      files(undefined, 'INBOX\nmail/Sent\n~/mail/A/B\nmail\n'),
      [['INBOX'], ['Sent'], ['A', 'B'], ['mail']],
    ],
    ['both, without repeats', files('Sent\n', 'mail/Sent\r\nmail/New\r\n'), [['Sent'], ['New']]],
  ])('%s', (_name, input, expected) => {
    expect(subscribedNames(input, 'mail')).toEqual({ ok: true, names: expected });
  });

  test('a version that is not known', () => {
    expect(subscribedNames(files('V\t9\n\nSent\n', 'Sent\n'), 'mail')).toMatchObject({ ok: false });
  });
});
