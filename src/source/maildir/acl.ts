import { readOwn } from '../own-file.ts';
import type { SourceFolder } from './folder.ts';
import type { Problem } from './listing.ts';

/** Names in Courier's rights that every folder has. */
const USUAL = /^-?(owner|administrators|group=administrators|user=administrators)$/;

/** The rights on a folder in Dovecot's words: latin1 bytes as they are. Those in Courier's are only reported. */
export function readRights(
  { dir, control }: SourceFolder,
  owner: number,
  problem: (problem: Problem) => void,
): Buffer | undefined {
  const courier = readOwn(dir, 'courierimapacl', owner)?.toString('latin1') ?? '';
  const others = courier.split('\n').flatMap((line) => {
    const name = line.slice(0, Math.max(0, line.lastIndexOf(' ')));
    return name === '' || USUAL.test(name) ? [] : [name];
  });
  if (others.length > 0) {
    const message = `gives rights to ${others.length} others than its owner; they were not brought over, as Dovecot names rights otherwise`;
    problem({ code: 'ACL_NOT_KEPT', file: 'courierimapacl', message });
  }
  return readOwn(control, 'dovecot-acl', owner) ?? readOwn(dir, 'dovecot-acl', owner);
}
