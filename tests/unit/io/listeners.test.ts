import { expect, test } from 'vitest';
import { surveyProcesses } from '../../../src/io/in-use.ts';
import { listenersAt, unixListener } from '../../../src/io/listeners.ts';
import { sharedFileSystem, sharedName } from '../../../src/io/network-fs.ts';
import { end, otherProcess } from './children.ts';
import { open, tempDir } from './support.ts';

const listen = (address: string) =>
  otherProcess(`const s=net.createServer().listen(0,'${address}',()=>say(s.address().port))`);

test.each([
  ['127.0.0.1', '127.0.0.1'],
  ['0.0.0.0', '0.0.0.0'],
  ['::', '[::]'],
  ['::1', '[0:0:0:0:0:0:0:1]'],
])('who listens at %s is found by the port', async (address, shown) => {
  const { child, pid, said } = await listen(address);
  const port = Number(said);
  const found = listenersAt(new Set([port]));
  expect(found.map(({ where }) => where)).toEqual([`${shown}:${port}`]);
  expect(surveyProcesses().holderOf(found[0]?.socket ?? '')?.pid).toBe(pid);
  await end(child);
  expect(listenersAt(new Set([port]))).toEqual([]);
});

test('a connection is no listener', async () => {
  const { said } = await listen('127.0.0.1');
  const { said: mine } = await otherProcess(
    `const c=net.connect(${Number(said)},'127.0.0.1',()=>say(c.localPort))`,
  );
  expect(listenersAt(new Set([Number(mine)]))).toEqual([]);
  expect(listenersAt(new Set([Number(said)]))).toHaveLength(1);
});

test('a socket with a path counts if it takes connections, and the path fits', () => {
  const at = (flags: string, path: string) => `00000000abc: 00000002 00000000 ${flags} 0001 01 4711 ${path}`;
  expect(unixListener(at('00010000', '/run/x/lmtp'), /^\/run\/x\//)).toEqual([
    { where: '/run/x/lmtp', socket: '4711' },
  ]);
  expect(unixListener(at('00000000', '/run/x/lmtp'), /^\/run\/x\//)).toEqual([]);
  expect(unixListener(at('00010000', '/run/y/lmtp'), /^\/run\/x\//)).toEqual([]);
  expect(unixListener('', /^\/run\/x\//)).toEqual([]);
});

test('file systems that other hosts may work on are known by their number, with or without a sign', () => {
  expect(sharedName(0x6969)).toBe('NFS');
  expect(sharedName(0x01021997)).toBe('9p');
  expect(sharedName(0xff534d42)).toBe('CIFS');
  expect(sharedName(0xff534d42 | 0)).toBe('CIFS');
  expect(sharedName(0xef53)).toBeUndefined();
  const dir = open(tempDir(), 'source');
  expect(sharedFileSystem(dir)).toBeUndefined();
  dir.close();
});
