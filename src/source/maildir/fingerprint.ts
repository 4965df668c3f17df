import type { Fingerprint } from '../../core/message.ts';
import type { Dir } from '../../io/dir.ts';
import type { Stat } from '../../io/stat.ts';
import { POP3_LIST } from './courier-pop3.ts';
import type { SourceFolder } from './folder.ts';

/** Files with UIDs, keywords and rights, in the control directory. */
const CONTROL_FILES = ['dovecot-uidlist', 'dovecot-keywords', 'dovecot-acl'];
/** Courier's, and rights; in the folder. Courier replaces files in the directory of keywords, and rewrites its list in place. */
const FOLDER_FILES = ['courierimapuiddb', 'courierimapkeywords', 'dovecot-acl', 'courierimapacl', POP3_LIST];

/**
 * What a folder looks like from outside: the inodes, sizes and times of what names its messages and says what they are. A
 * flag is a rename in `cur/`, and so changes its time.
 */
export function folderPrint({ dir, cur, new: fresh, control }: SourceFolder): Fingerprint {
  const { dev, ino, birthNs } = dir.stat;
  const stats = [
    cur?.restat(),
    fresh?.restat(),
    ...CONTROL_FILES.map((name) => control?.lstat(name)),
    ...FOLDER_FILES.map((name) => dir.lstat(name)),
    keywordList(dir),
  ];
  const latest = (of: (stat: Stat) => bigint) =>
    String(stats.reduce((max, stat) => (stat !== undefined && of(stat) > max ? of(stat) : max), 0n));
  return {
    dev: String(dev),
    ino: String(ino),
    size: 0,
    mtimeNs: latest(({ mtimeNs }) => mtimeNs),
    ctimeNs: latest(({ ctimeNs }) => ctimeNs),
    ...(birthNs > 0n && { birthNs: String(birthNs) }),
    parts: stats.map(stamp).join(';'),
  };
}

function keywordList(dir: Dir): Stat | undefined {
  if (dir.lstat('courierimapkeywords')?.kind !== 'dir') return undefined;
  const keywords = dir.openDir('courierimapkeywords');
  try {
    return keywords?.lstat(':list');
  } finally {
    keywords?.close();
  }
}

function stamp(stat: Stat | undefined): string {
  if (stat === undefined) return '-';
  const { ino, size, mtimeNs, ctimeNs } = stat;
  return `${ino} ${size} ${mtimeNs} ${ctimeNs}`;
}
