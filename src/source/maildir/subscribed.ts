import { parseCourierSubscribed } from '../../codec/maildir/courier.ts';
import { parseSubscriptions } from '../../codec/maildir/subscriptions.ts';
import { LIMITS } from '../../core/limits.ts';
import { Dir } from '../../io/dir.ts';
import type { OpenFile } from '../../io/file.ts';
import { foreign } from '../../io/owner.ts';
import { unsafe } from '../../io/wrap.ts';
import type { SubscribedNames } from '../mail-account.ts';
import { type Rejected, rejectedBy } from '../rejected.ts';

export interface SubscribedPlaces {
  /** Paths, latin1. */
  readonly root: string;
  readonly control: string;
  readonly fs: boolean;
  /** uid that the lists must belong to. */
  readonly owner: number;
}

interface List {
  readonly text: Buffer;
  readonly mtimeNs: bigint;
}

/** What users subscribed to: Dovecot's list or Courier's; of both the one that was changed last. */
export function readSubscribed({ root, control, fs, owner }: SubscribedPlaces): SubscribedNames {
  const rejected: Rejected[] = [];
  const dovecot = readList(control, 'subscriptions', owner, rejected);
  const courier = readList(root, 'courierimapsubscribed', owner, rejected);
  const raw = [dovecot?.text, courier?.text];
  const isCourier = courier !== undefined && (dovecot === undefined || courier.mtimeNs > dovecot.mtimeNs);
  if (isCourier) {
    const { names, shared } = parseCourierSubscribed(courier.text.toString('latin1'));
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
  const text = dovecot.text.toString('latin1');
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

function readList(path: string, name: string, owner: number, rejected: Rejected[]): List | undefined {
  let dir: Dir | undefined;
  let file: OpenFile | undefined;
  try {
    dir = Dir.openRoot(path, 'source');
    file = dir?.openFile(name);
    if (dir === undefined || file === undefined) return undefined;
    const reason = foreign(file.stat, dir.stat, owner);
    if (reason !== undefined) throw unsafe(reason, file.path, 'source');
    return { text: file.readAll(LIMITS.smallFile), mtimeNs: file.stat.mtimeNs };
  } catch (error) {
    rejected.push(rejectedBy(error, `${path}/${name}`));
    return undefined;
  } finally {
    file?.close();
    dir?.close();
  }
}
