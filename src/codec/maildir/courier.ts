/**
 * Files of Courier in a Maildir (docs/formats.md, "Maildirs of Courier"). Its `courierimapuiddb` is a Dovecot uidlist of
 * version 1 (uidlist.ts). Text is latin1, one char per byte, lines without their LF.
 */

/** Reads `courierimapkeywords/:list` line by line: names up to an empty line, then `<base>:<numbers>`. */
export class CourierKeywordList {
  readonly #names: string[] = [];
  #inNames = true;

  /** Takes the next line; a message and its keywords, where it is about one. */
  line(text: string): { readonly base: string; readonly keywords: readonly string[] } | undefined {
    if (this.#inNames) {
      if (text === '') this.#inNames = false;
      else this.#names.push(text);
      return undefined;
    }
    const colon = text.indexOf(':');
    if (colon <= 0) return undefined;
    const numbers = text.slice(colon + 1).split(' ');
    const keywords = numbers.flatMap((number) =>
      /^\d{1,6}$/.test(number) ? (this.#names[Number(number)] ?? []) : [],
    );
    return { base: text.slice(0, colon), keywords };
  }

  /** All names so far, in the order of their numbers. */
  get names(): readonly string[] {
    return this.#names;
  }
}

/** A file beside `:list`, by its name: the keywords of one message since the list was written. */
export interface CourierUpdate {
  readonly base: string;
  /** The highest counts; a plain base name is newer than all. */
  readonly rank: number;
}

export function readCourierUpdateName(name: string): CourierUpdate | undefined {
  const [, rank, base] = /^\.(\d{1,15})\.(.+)$/s.exec(name) ?? [];
  if (base !== undefined) return { base, rank: Number(rank) };
  if (name.startsWith('.') || name.startsWith(':')) return undefined;
  return { base: name, rank: Number.POSITIVE_INFINITY };
}

/** What an update holds: one keyword a line. */
export function readCourierUpdate(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}

/**
 * `courierimapsubscribed`: names of an account's own folders as hierarchy parts, INBOX as such, and how many lines name
 * folders of others (`#shared…`).
 */
export function parseCourierSubscribed(text: string): {
  readonly names: readonly (readonly string[])[];
  readonly shared: number;
} {
  const lines = text.split('\n').map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line));
  const filled = lines.filter((line) => line !== '');
  const own = filled.filter((line) => !line.startsWith('#'));
  const names = own.map((line) => (line === 'INBOX' ? ['INBOX'] : line.replace(/^INBOX\./, '').split('.')));
  return { names, shared: filled.length - own.length };
}
