import { expect, test } from 'vitest';
import {
  CourierKeywordList,
  parseCourierSubscribed,
  readCourierUpdate,
  readCourierUpdateName,
} from '../../../../src/codec/maildir/courier.ts';

/** Made by hand after the description in docs/formats.md, "Maildirs of Courier". */

test('a list of keywords: names, then messages by number', () => {
  const list = new CourierKeywordList();
  const lines = ['Work', 'NonJunk', '', '1.M1.h,S=5:1 0', '2.M2.h:7 x', '3.M3.h:', 'no colon', ':0'];
  const messages = lines.flatMap((line) => list.line(line) ?? []);
  expect(list.names).toEqual(['Work', 'NonJunk']);
  expect(messages).toEqual([
    { base: '1.M1.h,S=5', keywords: ['NonJunk', 'Work'] },
    { base: '2.M2.h', keywords: [] },
    { base: '3.M3.h', keywords: [] },
  ]);
});

test('updates: numbered ones by their number, a plain one above all', () => {
  expect(readCourierUpdateName('.12.1.M1.h')).toEqual({ base: '1.M1.h', rank: 12 });
  expect(readCourierUpdateName('1.M1.h')).toEqual({ base: '1.M1.h', rank: Number.POSITIVE_INFINITY });
  expect(readCourierUpdateName(':list')).toBeUndefined();
  expect(readCourierUpdateName('.tmp')).toBeUndefined();
  expect(readCourierUpdate('NonJunk\nWork\n')).toEqual(['NonJunk', 'Work']);
  expect(readCourierUpdate('')).toEqual([]);
});

test('subscriptions: without the prefix, folders of others counted', () => {
  const text = 'INBOX\nINBOX.Sent\r\nINBOX.Work.Sub Folder\n\n#shared.bob.x\n';
  expect(parseCourierSubscribed(text)).toEqual({
    names: [['INBOX'], ['Sent'], ['Work', 'Sub Folder']],
    shared: 1,
  });
});
