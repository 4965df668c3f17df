import { digestOf } from '../../src/codec/digest.ts';
import { parseUidlistRecord } from '../../src/codec/maildir/uidlist.ts';
import { baseOf } from '../../src/maildir/base-of.ts';
import { parseRecord } from '../../src/state/record-line.ts';
import { isFile, type Tree } from './tree.ts';

/** What manifests claim of messages that is not so; a manifest beside the mark of a pass that has begun claims nothing. */
export function falseClaims(tree: Tree): string[] {
  return [...tree].flatMap(([at, node]) => {
    const [, dir = '', name = ''] = /^(state\/[^/]+\/mailboxes)\/([^./][^/]*)$/.exec(at) ?? [];
    if (name === '' || !isFile(node) || tree.has(`${dir}/.${name}.begun`)) return [];
    return falseClaimsOf(tree, at, node.bytes);
  });
}

function falseClaimsOf(tree: Tree, at: string, manifest: Buffer): string[] {
  const lines = manifest.toString('latin1').split('\n').slice(0, -1);
  const trailer = lines.at(-1) ?? '';
  const before = manifest.subarray(0, Math.max(0, manifest.length - trailer.length - 1));
  if (!trailer.includes(`"xxh64":"${digestOf(before)}"`)) return [`${at} is damaged`];
  const root = rootOf(tree, JSON.parse(lines[0] ?? '') as { folder: string; guid: string });
  const uidlist = tree.get(`${root}/dovecot-uidlist`);
  const listed = uidlist !== undefined && isFile(uidlist) ? uidlist.bytes.toString('latin1').split('\n') : [];
  return lines.slice(1, -1).flatMap((line) => {
    const record = parseRecord(line);
    // A line with digests of the spool's blocks.
    if (record === undefined) return [];
    const base = baseOf(record);
    const file = [...tree].find(([name]) => name.startsWith(`${root}/cur/${base}:2,`))?.[1];
    const problems: string[] = [];
    if (file === undefined || !isFile(file)) problems.push(`${at} claims ${base}, which is gone`);
    else if (digestOf(file.bytes) !== record.digest)
      problems.push(`${at} claims ${base}, whose bytes are gone`);
    else if (file.seconds !== record.date) problems.push(`${at} claims ${base}, whose time is gone`);
    if (!listed.some((text) => names(text, record.uid, base)))
      problems.push(`${at} claims UID ${record.uid}, which the uidlist does not hold`);
    return problems;
  });
}

/** Where the mailbox lies; a renamed one may be under its new name already. */
function rootOf(tree: Tree, { folder, guid }: { folder: string; guid: string }): string {
  if (folder === '') return 'Maildir';
  if (tree.has(`Maildir/${folder}`)) return `Maildir/${folder}`;
  const uidlist = [...tree].find(
    ([at, node]) => at.endsWith('/dovecot-uidlist') && isFile(node) && node.bytes.includes(` G${guid}`),
  );
  return uidlist === undefined ? `Maildir/${folder}` : uidlist[0].replace(/\/[^/]*$/, '');
}

function names(line: string, uid: number, base: string): boolean {
  const parsed = parseUidlistRecord(line, 3);
  return parsed.ok && parsed.record.uid === uid && parsed.record.base === base;
}
