import { expect, test } from 'vitest';
import { SpoolsyncError } from '../../../src/core/errors.ts';
import { errnoOf, ioError, unsafe } from '../../../src/io/wrap.ts';

const errno = (code: string) => Object.assign(new Error(`${code}: from node`), { code });

test.each([
  ['EACCES', 'PERMISSION', 'PERMISSION'],
  ['EPERM', 'PERMISSION', 'PERMISSION'],
  ['ENOSPC', 'DISK_FULL', 'DISK_FULL'],
  ['EDQUOT', 'DISK_FULL', 'DISK_FULL'],
  ['EROFS', 'IO', 'CANNOT_CREATE'],
  ['ENOENT', 'SOURCE_MISSING', 'CANNOT_CREATE'],
  ['EEXIST', 'IO', 'CANNOT_CREATE'],
  ['ENAMETOOLONG', 'IO', 'CANNOT_CREATE'],
  ['ELOOP', 'SOURCE_UNSAFE', 'TARGET_UNSAFE'],
  ['ENOTDIR', 'SOURCE_UNSAFE', 'TARGET_UNSAFE'],
  ['EMFILE', 'IO', 'IO'],
  ['ENFILE', 'IO', 'IO'],
  ['EIO', 'IO', 'IO'],
  ['ESTALE', 'IO', 'IO'],
  ['EWHATEVER', 'IO', 'IO'],
])('%s is %s in the source, %s in the target', (name, source, target) => {
  const cause = errno(name);
  const error = ioError(cause, 'open', '/caf\u00c3\u00a9\n', 'source');
  expect(error).toMatchObject({ code: source, place: '/caf\u00e9\\x0a', cause });
  expect(error.message).toMatch(/^cannot open \/caf\u00e9\\x0a: ./);
  expect(error.advice).not.toBe('');
  expect(ioError(cause, 'open', '/x', 'target').code).toBe(target);
  expect(errnoOf(error)).toBe(name);
});

test('our own errors pass through, foreign things are kept as cause', () => {
  const own = unsafe('is odd', '/x', 'target');
  expect(own).toMatchObject({ code: 'TARGET_UNSAFE', message: '/x is odd', place: '/x' });
  expect(ioError(own, 'open', '/y', 'source')).toBe(own);
  expect(ioError('text', 'open', '/y', 'source')).toMatchObject({
    code: 'IO',
    message: 'cannot open /y: text',
  });
  expect(errnoOf(new SpoolsyncError('IO', 'x', { advice: 'y' }))).toBeUndefined();
  expect(errnoOf(undefined)).toBeUndefined();
});
