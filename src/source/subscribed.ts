import { parseSubscriptions } from '../codec/maildir/subscriptions.ts';

/** Raw subscription files of an mbox account. */
interface Files {
  /** Dovecot's `.subscriptions`. */
  readonly dovecot: Buffer | undefined;
  /** UW's `.mailboxlist`. */
  readonly uw: Buffer | undefined;
}

type Subscribed =
  | { readonly ok: true; readonly names: readonly (readonly string[])[] | undefined }
  /** The list is there, but in a form that is not known. */
  | { readonly ok: false; readonly reason: string };

/**
 * Names that an account's users subscribed to, as hierarchy parts in the source's spelling (latin1), without repeats;
 * `undefined` where the account has no list at all. `rootName` is the last part of the mail root's path: UW writes
 * names as seen from the home directory, `mail/Sent`.
 */
export function subscribedNames(files: Files, rootName: string): Subscribed {
  if (files.dovecot === undefined && files.uw === undefined) return { ok: true, names: undefined };
  const parsed = files.dovecot && parseSubscriptions(files.dovecot.toString('latin1'), '/');
  if (parsed?.ok === false) return parsed;
  const names = [...(parsed?.names ?? []), ...uwNames(files.uw, rootName)];
  const unique = new Map(names.map((parts) => [parts.join('/'), parts]));
  return { ok: true, names: [...unique.values()] };
}

function uwNames(list: Buffer | undefined, rootName: string): string[][] {
  const lines = list?.toString('latin1').split(/\r?\n/) ?? [];
  return lines
    .map((line) =>
      line
        .replace(/^~\//, '')
        .split('/')
        .filter((part) => part !== ''),
    )
    .map((parts) => (parts.length > 1 && parts[0] === rootName ? parts.slice(1) : parts))
    .filter((parts) => parts.length > 0);
}
