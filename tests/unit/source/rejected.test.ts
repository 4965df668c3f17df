import { expect, test } from 'vitest';
import { SpoolsyncError } from '../../../src/core/errors.ts';
import { unsafe } from '../../../src/io/wrap.ts';
import { rejectedBy } from '../../../src/source/rejected.ts';
import { thrown } from '../io/support.ts';

test('says what is wrong with one entry', () => {
  const path = '/caf\u00c3\u00a9\n';
  expect(rejectedBy(unsafe('is odd', path, 'source'), path)).toEqual({ path, reason: 'is odd' });
  expect(rejectedBy(unsafe('is odd', '/a/b', 'source'), '/a')).toEqual({
    path: '/a',
    reason: 'leads nowhere: /a/b is odd',
  });
  const denied = new SpoolsyncError('PERMISSION', 'x', { advice: 'y' });
  expect(rejectedBy(denied, '/a').reason).toBe('may not be read: permission denied');
});

test('errors about more than one entry go on', () => {
  const full = new SpoolsyncError('IO', 'x', { advice: 'y' });
  expect(thrown(() => rejectedBy(full, '/a'))).toBe(full);
  expect(() => rejectedBy(new TypeError('bug'), '/a')).toThrow(TypeError);
});
