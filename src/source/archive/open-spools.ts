import { SpoolsyncError } from '../../core/errors.ts';
import { LIMITS } from '../../core/limits.ts';
import { printable } from '../../io/names.ts';
import { Spool } from '../spool.ts';
import type { ArchiveAccount } from './account.ts';

/** Files of an archive from which messages are read again: the last few stay open, and unpacked. Close it after use. */
export class OpenSpools {
  readonly #account: ArchiveAccount;
  readonly #open = new Map<string, Spool>();

  constructor(account: ArchiveAccount) {
    this.#account = account;
  }

  /** Opens a file by its name, if it is not open. Gone: `SOURCE_MOVED`; else as `Spool.open`. */
  async open(name: string): Promise<Spool> {
    const spool = this.#open.get(name) ?? (await this.#openAnew(name));
    this.#open.delete(name);
    this.#open.set(name, spool);
    return spool;
  }

  /** A file that has been opened. */
  get(name: string): Spool | undefined {
    return this.#open.get(name);
  }

  close(): void {
    for (const spool of this.#open.values()) spool.close();
    this.#open.clear();
  }

  async #openAnew(name: string): Promise<Spool> {
    if (this.#open.size >= LIMITS.openSpools) {
      const [oldest, spool] = [...this.#open][0] ?? [];
      spool?.close();
      if (oldest !== undefined) this.#open.delete(oldest);
    }
    // A message that is in no file any more is kept while not all can be read; nothing can be copied of it.
    const file = name === '' ? undefined : this.#account.openFile(name);
    if (file !== undefined) return Spool.open(file);
    throw new SpoolsyncError('SOURCE_MOVED', 'the file of a message vanished between two looks at it', {
      place: printable(name === '' ? this.#account.path : this.#account.pathOf(name)),
      advice: 'run the same command again',
    });
  }
}
