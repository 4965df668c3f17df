import { parseCourierSubscribed } from '../../codec/maildir/courier.ts';
import { parseSubscriptions } from '../../codec/maildir/subscriptions.ts';
import type { SubscribedNames } from '../mail-account.ts';
import { readOwnAt } from '../own-file.ts';
import type { Rejected } from '../rejected.ts';

export interface SubscribedPlaces {
  /** Paths, latin1. */
  readonly root: string;
  readonly control: string;
  readonly fs: boolean;
  /** uid that the lists must belong to. */
  readonly owner: number;
}

/** What users subscribed to: Dovecot's list or Courier's; of both the one that was changed last. */
export function readSubscribed({ root, control, fs, owner }: SubscribedPlaces): SubscribedNames {
  const rejected: Rejected[] = [];
  const dovecot = readOwnAt(control, 'subscriptions', owner, rejected);
  const courier = readOwnAt(root, 'courierimapsubscribed', owner, rejected);
  const raw = [dovecot?.bytes, courier?.bytes];
  const isCourier = courier !== undefined && (dovecot === undefined || courier.mtimeNs > dovecot.mtimeNs);
  if (isCourier) {
    const { names, shared } = parseCourierSubscribed(courier.bytes.toString('latin1'));
    if (shared > 0) {
      const reason = `names ${shared} shared folders of others, which are not brought over`;
      return {
        names: unique(names),
        rejected,
        raw,
        notes: [{ path: `${root}/courierimapsubscribed`, reason }],
      };
    }
    return { names: unique(names), rejected, raw };
  }
  if (dovecot === undefined) return { names: undefined, rejected, raw };
  // A list of version 1 holds the separator of its namespace, which is one of these; no name on the disk holds the other.
  const text = dovecot.bytes.toString('latin1');
  const parsed = parseSubscriptions(fs ? text : withSlashes(text), '/');
  if (parsed.ok) return { names: unique(parsed.names), rejected, raw };
  return {
    names: undefined,
    rejected: [...rejected, { path: `${control}/subscriptions`, reason: parsed.reason }],
    raw,
  };
}

/** Names of a list of version 1 with `/` between their levels; a list of version 2 as it is. */
function withSlashes(text: string): string {
  return text.startsWith('V\t') ? text : text.replaceAll('.', '/');
}

function unique(names: readonly (readonly string[])[]): readonly (readonly string[])[] {
  return [...new Map(names.map((parts) => [parts.join('/'), parts])).values()];
}
