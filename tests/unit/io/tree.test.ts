import fs from 'node:fs';
import { expect, test } from 'vitest';
import { Tree } from '../../../src/io/tree.ts';
import { makeAccount } from '../../helpers/account.ts';
import { needsRoot } from './support.ts';

/** A tree below `root`, and `outside` beside it, which nothing may reach. */
function makeTree(): { root: string; outside: string; tree: Tree } {
  const { at } = makeAccount(undefined);
  const [root, outside] = [`${at}/root`, `${at}/outside`];
  for (const dir of [`${root}/var/spool/mail`, `${root}/home/alice`, outside])
    fs.mkdirSync(dir, { recursive: true });
  fs.writeFileSync(`${outside}/secret`, 'outside');
  fs.writeFileSync(`${root}/home/alice/file`, 'inside');
  const tree = Tree.open(root);
  if (tree === undefined) throw new Error('no tree');
  return { root, outside, tree };
}

test('paths are those below the root', () => {
  const { root, tree } = makeTree();
  expect(tree.readFile('/home/alice/file', 10)?.toString()).toBe('inside');
  expect(tree.look('/home//alice/./file')).toMatchObject({ path: `${root}/home/alice/file` });
  expect(tree.look('/home/bob/file')).toBeUndefined();
  const dir = tree.openDir('/');
  expect(dir?.path).toBe(root);
  dir?.close();
  expect(tree.onHost('/etc')).toBe(`${root}/etc`);
  expect(tree.onHost('/')).toBe(root);
  expect(() => tree.readFile('/home/alice/file', 3)).toThrow(/larger|bytes/);
  tree.close();
});

test('`..` ends at the root', () => {
  const { root, tree } = makeTree();
  expect(tree.look('/../outside/secret')).toBeUndefined();
  expect(tree.look('/home/alice/../../../../outside')).toBeUndefined();
  expect(tree.look('/var/../home/alice/..')).toMatchObject({ path: `${root}/home` });
  tree.close();
});

test('root’s links lead into the tree', () => {
  needsRoot();
  const { root, outside, tree } = makeTree();
  fs.symlinkSync('spool/mail', `${root}/var/mail`);
  fs.symlinkSync('/home', `${root}/absolute`);
  fs.symlinkSync(`${outside}/secret`, `${root}/host`);
  fs.symlinkSync('../../../outside/secret', `${root}/up`);
  fs.symlinkSync('loop', `${root}/loop`);
  expect(tree.look('/var/mail')).toMatchObject({ path: `${root}/var/spool/mail` });
  expect(tree.readFile('/absolute/alice/file', 10)?.toString()).toBe('inside');
  expect(tree.look('/host')).toBeUndefined();
  expect(tree.look('/up')).toBeUndefined();
  expect(() => tree.look('/loop')).toThrow('too many symbolic links');
  tree.close();
});

test('links that a user can have made are not followed', () => {
  needsRoot();
  const { root, tree } = makeTree();
  fs.chownSync(`${root}/home/alice`, 1000, 1000);
  fs.symlinkSync('file', `${root}/home/alice/link`);
  fs.symlinkSync('.', `${root}/home/alice/dir`);
  expect(tree.look('/home/alice/link')).toMatchObject({ stat: { kind: 'link' } });
  expect(() => tree.openFile('/home/alice/link')).toThrow('symbolic link');
  expect(() => tree.openDir('/home/alice/dir')).toThrow('symbolic link');
  expect(() => tree.openFile('/home/alice/dir/file')).toThrow('symbolic link');
  tree.close();
});

test('no handle is left open', () => {
  const { tree } = makeTree();
  const open = () => fs.readdirSync('/proc/self/fd').length;
  const before = open();
  for (const path of ['/', '/home/alice/file', '/home/none/x', '/var/../..', '/home/alice/file/x']) {
    try {
      tree.look(path);
      tree.readFile(path, 100);
    } catch {
      // A file is no directory.
    }
  }
  expect(open()).toBe(before);
  tree.close();
});
