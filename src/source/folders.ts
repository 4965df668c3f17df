import { toFolder } from '../codec/maildir/folder-name.ts';
import { decodeMutf7, encodeMutf7 } from '../codec/maildir/mutf7.ts';

/** Where a mailbox goes in the target. */
export type Placement =
  | {
      readonly ok: true;
      /** Directory name, `.A.B`; empty for INBOX. */
      readonly folder: string;
      /** Whether clients will see another name than the source's. */
      readonly changed: boolean;
    }
  | { readonly ok: false; readonly reason: string };

/**
 * Gives each mailbox of an account its Maildir++ folder; no two get the same. Dovecot spells names on disk in modified
 * UTF-7, UW, Courier 5 and others write UTF-8: a part that is UTF-8 and no modified UTF-7 becomes that, unless another
 * mailbox already has that name; then its bytes are escaped (codec/maildir/folder-name.ts), which never collides.
 *
 * @param mailboxes hierarchy parts, latin1; no parts at all is INBOX
 */
export function placeMailboxes(mailboxes: readonly (readonly string[])[]): Placement[] {
  const literal = mailboxes.map((parts) => toFolder(parts));
  const taken = new Set(
    literal.flatMap((folder, i) => (folder.ok && !isRespelled(mailboxes[i]) ? [folder.folder] : [])),
  );
  return mailboxes.map((parts, i) => {
    const plain = literal[i] as Placement;
    if (!isRespelled(parts)) return plain;
    const nice = toFolder(parts.map(spell));
    if (!nice.ok || taken.has(nice.folder)) return plain;
    taken.add(nice.folder);
    return nice;
  });
}

/** Whether a name has a part that is spelled otherwise in the target. */
function isRespelled(parts: readonly string[] | undefined): boolean {
  return parts?.some((part) => spell(part) !== part) ?? false;
}

/**
 * A part in UTF-8 as modified UTF-7, `Q&A` as `Q&-A`, too; any other as it is: bytes that are no UTF-8, ASCII that is
 * modified UTF-7 already, or that no spelling helps because of its control characters.
 */
export function spell(part: string): string {
  const isAscii = !/[\x80-\xff]/.test(part);
  if (isAscii && (/[^\x20-\x7e]/.test(part) || decodeMutf7(part) !== undefined)) return part;
  const bytes = Buffer.from(part, 'latin1');
  const text = bytes.toString('utf8');
  return Buffer.from(text, 'utf8').equals(bytes) ? encodeMutf7(text) : part;
}
