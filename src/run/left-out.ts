import { fromFolder } from '../codec/maildir/folder-name.ts';
import { printable } from '../io/names.ts';
import type { Account } from '../source/accounts.ts';
import { isLeftOut } from '../source/left-out.ts';
import type { RunContext } from './context.ts';

/** Names that are told one by one. */
const NAMED = 10;

/** What of an account is left out: neither read, nor taken from the target where earlier passes put it there. */
export class LeftOut {
  readonly #account: Account;
  readonly #seen: string[] = [];

  constructor(account: Account) {
    this.#account = account;
  }

  /** Asks for a mailbox of the source, and remembers that it is left out. `parts`: see source/mailboxes.ts. */
  notices(parts: readonly string[]): boolean {
    if (!isLeftOut(this.#account.exclude, parts)) return false;
    this.#seen.push(printable(parts.join('/')));
    return true;
  }

  get count(): number {
    return this.#seen.length;
  }

  /** Whether an entry of the source (a path) would be such a mailbox; one beside the mail root is none. */
  hasEntry(path: string): boolean {
    const { root } = this.#account.places;
    return (
      path.startsWith(`${root}/`) && isLeftOut(this.#account.exclude, path.slice(root.length + 1).split('/'))
    );
  }

  /** Whether a folder of the target is one of such a mailbox. */
  readonly hasFolder = (folder: string): boolean =>
    isLeftOut(this.#account.exclude, fromFolder(folder) ?? [folder]);

  announce({ emit }: RunContext): void {
    if (this.count === 0) return;
    const more = this.count > NAMED ? ` and ${this.count - NAMED} more` : '';
    const names = `${this.#seen.slice(0, NAMED).join(', ')}${more}`;
    const message = `left out: ${names}; not read, and what earlier passes brought over stays in the target as it is`;
    const user = printable(this.#account.user);
    emit({ event: 'remark', severity: 'note', code: 'MAILBOXES_LEFT_OUT', user, message });
  }
}
