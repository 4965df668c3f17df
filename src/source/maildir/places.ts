import { toFolder } from '../../codec/maildir/folder-name.ts';
import { type Placement, spell } from '../folders.ts';

/**
 * The folder of each mailbox of a Maildir++ in another Maildir++: the one it has. What Dovecot could not open there
 * becomes what it can: UTF-8 (and a bare `&`) modified UTF-7, other bytes escapes (codec/maildir/folder-name.ts), unless another
 * mailbox has that name.
 *
 * @param mailboxes hierarchy parts, latin1; no parts at all is INBOX
 */
export function placeFolders(mailboxes: readonly (readonly string[])[]): Placement[] {
  const kept = mailboxes.map((parts) => (isSound(parts) ? nameOf(parts) : undefined));
  const taken = new Set(kept);
  return mailboxes.map((parts, i) => {
    const folder = kept[i];
    if (folder !== undefined) return { ok: true, folder, changed: false };
    const free = [parts.map(spell), parts]
      .map(toFolder)
      .find((place) => !place.ok || !taken.has(place.folder));
    if (free?.ok) taken.add(free.folder);
    return free ?? { ok: false, reason: 'the name that it would have in the target is another mailbox’s' };
  });
}

function nameOf(parts: readonly string[]): string {
  return parts.map((part) => `.${part}`).join('');
}

/** Whether Dovecot opens a folder of this name. In a Maildir++ name `=XX` is no escape, so all that matters is the rest. */
function isSound(parts: readonly string[]): boolean {
  const place = toFolder(parts.map((part) => part.replaceAll('=', '_')));
  return place.ok && !place.changed;
}
