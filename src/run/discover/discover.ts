import { SpoolsyncError } from '../../core/errors.ts';
import { printable } from '../../io/names.ts';
import { Tree } from '../../io/tree.ts';
import { configFile, type FoundSource } from '../../plan/config-file.ts';
import type { RunContext } from '../context.ts';
import { Candidates } from './candidates.ts';
import { groupSources } from './grouping.ts';
import { listSources } from './lists.ts';
import { Mentions } from './mentions.ts';
import { type OldConfig, placeOf, readOldConfig } from './old-config.ts';
import { findOldUsers, type OldUser } from './old-users.ts';
import { type Placed, type Placing, place, unwritable } from './placing.ts';
import { findStrays } from './stray-mail.ts';

/**
 * Looks at an old server's disk, `root` (absolute, latin1) standing for its `/`, and makes a configuration of it, announced
 * as an event. Writes nothing and reads nothing outside `root`. No such directory, or nobody with mail: `SOURCE_MISSING`.
 */
export function discover(context: RunContext, root: string): void {
  const tree = Tree.open(root);
  if (tree === undefined)
    throw new SpoolsyncError('SOURCE_MISSING', `there is no directory ${printable(root)}`, {
      place: printable(root),
      advice: 'name the directory below which the old server’s disk is mounted',
    });
  try {
    new Discovery(context, tree).run();
  } finally {
    tree.close();
  }
}

class Discovery {
  readonly #context: RunContext;
  readonly #tree: Tree;
  readonly #mentions = new Mentions();
  readonly #placed: Placed[] = [];
  /** Places that are spoken of, but in no source. */
  readonly #leftOut: Placed[] = [];
  /** Users who have no place, those with nothing in it, and system accounts with mail. */
  readonly #without: string[] = [];
  readonly #empty: string[] = [];
  readonly #system: string[] = [];

  constructor(context: RunContext, tree: Tree) {
    this.#context = context;
    this.#tree = tree;
  }

  run(): void {
    const config = readOldConfig(this.#tree, this.#mentions);
    const users = findOldUsers(this.#tree, config, this.#mentions);
    const candidates = new Candidates(this.#tree, config);
    for (const user of users) {
      this.#context.checkSignal();
      this.#user(user, candidates);
    }
    this.#sayAboutConfig(config);
    this.#sayAboutUsers();
    const { checkSignal } = this.#context;
    findStrays(
      this.#tree,
      users,
      [...this.#placed, ...this.#leftOut],
      candidates.spools(),
      this.#mentions,
      checkSignal,
    );
    const names = [...this.#placed, ...this.#leftOut].map((placed) => placed.user.name);
    this.#announce([...groupSources(this.#placed), ...listSources(this.#tree, names, this.#mentions)]);
  }

  #user(user: OldUser, candidates: Candidates): void {
    const placings = candidates.of(user).map((candidate) => place(this.#tree, user, candidate));
    const possible = placings.flatMap((placing) => (placing.ok ? placing.placed : []));
    const there = possible.filter(
      ({ measured }) => measured.root !== undefined || measured.inbox !== undefined,
    );
    const best =
      there.find(({ measured }) => measured.bytes > 0) ??
      there.find(({ measured }) => measured.files > 0) ??
      there[0];
    if (user.isSystem) {
      if (best === undefined || best.measured.files === 0) return;
      this.#system.push(printable(user.name));
      this.#leftOut.push(best);
      return;
    }
    for (const { measured } of best === undefined ? possible : [best])
      this.#mentions.rejected(measured.rejected);
    const isOther = placings.some((placing) => this.#sayWrong(user, placing));
    if (best !== undefined) this.#take(best);
    else if (!isOther) this.#without.push(printable(user.name));
  }

  /** Says why a place could not be looked at; whether there is mail that is not read. */
  #sayWrong({ name }: OldUser, placing: Placing): boolean {
    if (placing.ok) return false;
    const { reason, format, exists = false, isGeneral, basis } = placing;
    if (format === undefined) {
      this.#mentions.unclear(`the location ${isGeneral ? '' : `of ${printable(name)} `}${reason}`, basis);
      return false;
    }
    const message = `${printable(name)} has mail in the format ${printable(format)}`;
    if (exists) this.#mentions.add('finding', 'FORMAT_NOT_READ', message, basis);
    return exists;
  }

  #take(best: Placed): void {
    const { user, measured } = best;
    this.#sayUnread(best);
    const wrong = unwritable(best);
    if (wrong !== undefined)
      this.#mentions.add('finding', 'MAIL_NOT_PLACED', `the mail of ${printable(user.name)}: ${wrong}`);
    const isUnread = measured.files === 0 && measured.unread.size > 0;
    if (wrong !== undefined || isUnread) {
      this.#leftOut.push(best);
      return;
    }
    this.#placed.push(best);
    if (measured.bytes === 0) this.#empty.push(printable(user.name));
  }

  #sayUnread({ user, measured }: Placed): void {
    for (const [what, { count, bytes, first }] of measured.unread) {
      const message = `${printable(user.name)} has what is not read: ${what}; files of this kind: ${count}, bytes: ${bytes}`;
      this.#mentions.add('finding', 'FORMAT_NOT_READ', message, printable(first));
    }
  }

  #sayAboutConfig({ dovecot }: OldConfig): void {
    if (dovecot === undefined) return;
    const { prefix, others, filtered } = dovecot;
    for (const { place: at } of filtered)
      this.#mentions.unclear(
        'a location for some protocol or address only is not taken',
        placeOf(this.#tree, at),
      );
    if (prefix !== undefined) {
      const message = `users see their mailboxes below "${printable(prefix.value)}"; give the new server a namespace with this prefix, too`;
      this.#mentions.add('note', 'NAMESPACE_PREFIX', message, placeOf(this.#tree, prefix.place));
    }
    for (const { prefix: name, type, location } of others) {
      const message = `the ${printable(type)} namespace "${printable(name)}" has mail of its own in ${printable(location.value)}, which is in no source`;
      this.#mentions.add('finding', 'MAIL_NOT_PLACED', message, placeOf(this.#tree, location.place));
    }
  }

  #sayAboutUsers(): void {
    const say = (code: 'ACCOUNTS_EMPTY' | 'SYSTEM_ACCOUNTS', names: readonly string[], what: string) => {
      const shown = names.slice(0, NAMED).join(', ');
      const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : '';
      if (names.length > 0) this.#mentions.add('note', code, `${what}: ${shown}${more}`);
    };
    say('ACCOUNTS_EMPTY', this.#without, 'users whose place for mail is not there, left out');
    say('ACCOUNTS_EMPTY', this.#empty, 'users with no mail in their place, taken all the same');
    say('SYSTEM_ACCOUNTS', this.#system, 'system accounts with mail, left out');
  }

  #announce(sources: readonly FoundSource[]): void {
    const { emit, version } = this.#context;
    const root = printable(this.#tree.path);
    const remarks = this.#mentions.all();
    const accounts = sources.reduce((sum, { users }) => sum + users.length, 0);
    emit({ event: 'begin', command: 'discover', version, from: root, accounts });
    for (const { from, users, files, bytes } of sources)
      emit({ event: 'source', from: printable(from), accounts: users.length, files, bytes });
    for (const remark of remarks) emit(remark);
    if (sources.length === 0)
      throw new SpoolsyncError('SOURCE_MISSING', `no user with mail was found below ${root}`, {
        place: root,
        advice:
          'check that the whole disk is mounted there, or write a configuration by hand: docs/config.md',
      });
    emit({ event: 'configuration', text: configFile({ root, sources, remarks }) });
  }
}

/** Users who are named in one remark. */
const NAMED = 50;
