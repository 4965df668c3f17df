import { createHash } from 'node:crypto';
import { isFile, type Tree } from './tree.ts';

/**
 * A tree as lines that two runs with the same outcome have in common: of messages also mode, bytes and time, of all else
 * mode and bytes, without what is another in every run.
 */
export function linesOf(tree: Tree): string[] {
  // A mark that is missing costs the next comparison time, and nothing else.
  return [...tree]
    .filter(([at]) => !at.endsWith('.verified'))
    .map(([at, node]) => {
      const mode = node.mode.toString(8);
      if (!isFile(node)) return `${at}/ ${mode}`;
      const time = inMaildir(at) ? ` ${node.seconds}` : '';
      return `${at} ${mode}${time} ${steady(at, node.bytes.toString('latin1'))}`;
    });
}

/**
 * What two runs that were killed at the same moment have in common: not what names the process, nor the time of the run. With `torn`, names and modes alone: in half a file it cannot be told what is another each time.
 */
export function leftBy(tree: Tree, torn: boolean): string[] {
  return linesOf(tree).map((line) => {
    const same = line.replace(/\.lock\.\d+\./, '.lock.(pid).');
    const [at = '', mode] = same.split(' ', 2);
    if (torn || at.includes('.lock')) return `${at} ${mode}`;
    return same.replace(/(?<!\d)1[789]\d{8}(?!\d)/g, '(time)');
  });
}

/** A tree to the last byte. */
export function exactly(tree: Tree): string {
  const digest = createHash('sha256');
  for (const [at, node] of tree) {
    digest.update(`${at}\0${node.mode}\0`);
    if (isFile(node))
      digest.update(`${node.bytes.length}\0${inMaildir(at) ? node.seconds : ''}\0`).update(node.bytes);
  }
  return digest.digest('hex');
}

function inMaildir(at: string): boolean {
  return /(^|\/)(cur|new|tmp)\/[^/]*$/.test(at);
}

/** UIDVALIDITY that spoolsync made is the time of a pass. The mailboxes of the tests that have one from their source have a lower. */
const TIME = /\b1[789]\d{8}\b/g;

function steady(at: string, text: string): string {
  if (at.endsWith('/dovecot-uidlist')) return text.replace(/^3 V1[789]\d{8} /, '3 V(time) ');
  const name = at.split('/').at(-1) ?? '';
  if (name === 'history.jsonl') return '';
  if (name === 'account.json') return text.replace(/"sealed":"[^"]*"/, '"sealed"');
  if (at.startsWith('seal/'))
    return text
      .replace(/"forced": ?\[[^\]]*\]/, '"forced"')
      .replace(/"(begun|sealed|root|manifest)": ?"[^"]*"/g, '"$1"')
      .replace(TIME, '(time)');
  if (!text.startsWith('{"format":"spoolsync manifest"')) return text;
  const [header = '', ...lines] = text.split('\n');
  // Inodes and times of the target, and whether they, and the source's, were old enough.
  const kept = header
    .replace(/"stamp":"[^"]*"/, '"stamp"')
    .replace(/"uidlist":"[^"]*"/, '"uidlist"')
    // A pass that is completed by another may have made a manifest, too.
    .replace(/"generation":\d+/, '"generation"')
    .replace(/"settled":(true|false)/, '"settled"')
    .replace(/"uidValidity":(\d+)/, (field, value: string) => (value.match(TIME) ? '"uidValidity"' : field));
  return [kept, ...lines.map((line) => line.replace(/^(\{"messages":\d+),"xxh64":.*/, '$1'))].join('\n');
}

/** UIDVALIDITY of each folder that has a uidlist. */
export function validities(tree: Tree): Map<string, string> {
  const found = new Map<string, string>();
  for (const [at, node] of tree) {
    if (!at.endsWith('dovecot-uidlist') || !isFile(node)) continue;
    found.set(at, /^3 V(\d+) /.exec(node.bytes.toString('latin1'))?.[1] ?? 'none');
  }
  return found;
}
