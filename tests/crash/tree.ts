import fs from 'node:fs';
import path from 'node:path';

/** A file of a `Tree`. */
export interface FileNode {
  readonly bytes: Buffer;
  readonly mode: number;
  /** Whole seconds since 1970. */
  readonly seconds: number;
}

/** Everything below a directory: relative paths, parents before children; `mode` alone for a directory. */
export type Tree = ReadonlyMap<string, FileNode | { readonly mode: number }>;

export function isFile(node: FileNode | { readonly mode: number }): node is FileNode {
  return 'bytes' in node;
}

export function capture(root: string): Tree {
  const tree = new Map<string, FileNode | { mode: number }>();
  const visit = (relative: string) => {
    for (const name of fs.readdirSync(path.join(root, relative)).sort()) {
      const at = path.join(relative, name);
      const stat = fs.lstatSync(path.join(root, at));
      const mode = stat.mode & 0o7777;
      if (stat.isDirectory()) {
        tree.set(at, { mode });
        visit(at);
        continue;
      }
      const seconds = Math.floor(stat.mtimeMs / 1000);
      tree.set(at, { mode, seconds, bytes: fs.readFileSync(path.join(root, at)) });
    }
  };
  visit('');
  return tree;
}

/** Makes `root` hold exactly `tree`. */
export function materialise(root: string, tree: Tree): void {
  fs.rmSync(root, { recursive: true, force: true });
  fs.mkdirSync(root, { recursive: true });
  for (const [at, node] of tree) {
    const file = path.join(root, at);
    if (!isFile(node)) {
      fs.mkdirSync(file);
      fs.chmodSync(file, node.mode);
      continue;
    }
    fs.writeFileSync(file, node.bytes);
    fs.chmodSync(file, node.mode);
    fs.utimesSync(file, new Date(node.seconds * 1000), new Date(node.seconds * 1000));
  }
}
