import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Dovecot, openDovecot } from './dovecot.ts';
import { type JudgedMailbox, type JudgedMessage, list, read } from './imap-view.ts';
import { compareViews } from './judge.ts';
import { isSelectable, type ModelSource } from './model-source.ts';

/** The new server of the model test: a Maildir, what was delivered into it, and whether it shows what the old one does. */
export class ModelTarget {
  readonly path: string;
  readonly dovecot: Dovecot;
  /** Mails that came by delivery, by subject; latin1 with line ends LF. */
  readonly foreign = new Map<string, string>();
  /** Mailboxes, by the old server's names, that foreign mail was delivered to. */
  readonly reached = new Set<string>();
  readonly #tz: string;

  /** An empty directory in `base`, a `workDir()`. */
  constructor(base: string, tz: string) {
    this.path = join(base, 'Maildir');
    mkdirSync(this.path);
    this.#tz = tz;
    this.dovecot = openDovecot({ format: 'maildir', root: this.path, tz, inPlace: true });
  }

  async deliver(name: string, subject: string): Promise<void> {
    const mail = `Subject: ${subject}\nX-Foreign: yes\n\nFrom the new world\n`;
    this.foreign.set(subject, mail);
    this.reached.add(name);
    await this.dovecot.deliver(targetName(name), Buffer.from(mail, 'latin1'));
  }

  /** Lets Dovecot open some mailboxes, so that it has indexes of them. */
  async look(names: readonly string[], select: boolean): Promise<void> {
    const session = await this.dovecot.imap();
    for (const name of names) await read(session, targetName(name), { select });
    await session.logout();
  }

  /**
   * What differs from the source for an IMAP client, foreign mail aside, and what is amiss with foreign mail. `where`:
   * Dovecot works on the Maildir itself, and leaves indexes there, or on a copy. `started`: when the source was made.
   */
  async compare(source: ModelSource, where: 'in place' | 'copy', started: number): Promise<Judgement> {
    const [files, views] = [await source.files(), await source.view()];
    const judge =
      where === 'copy' ? openDovecot({ format: 'maildir', root: this.path, tz: this.#tz }) : this.dovecot;
    const session = await judge.imap();
    const judgement = new Judgement(this.foreign);
    const listed = (await list(session, 'LIST')).filter(isSelectable).map(({ name }) => name);
    for (const [name, view] of views) {
      const [file, at] = [files.get(name) as JudgedMailbox, targetName(name)];
      const made = source.isNumbered(name) ? Number.POSITIVE_INFINITY : started;
      if (!listed.includes(at)) judgement.differences.push(`${name}: missing in the target`);
      else judgement.compare(name, { view, file }, await read(session, at, { keepBodies: true }), made);
    }
    const known = new Set([...views.keys()].map(targetName));
    for (const name of listed.filter((one) => !known.has(one)))
      judgement.extra(name, await read(session, name, { keepBodies: true }));
    const [want, got] = [
      (await source.subscriptions()).map(targetName).sort(),
      (await list(session, 'LSUB')).map(({ name }) => name),
    ];
    if (want.join() !== got.join())
      judgement.differences.push(`subscriptions: source ${want}, target ${got}`);
    await session.logout();
    judgement.end();
    if (judge !== this.dovecot) judgement.differences.push(...judge.complaints());
    if (judge !== this.dovecot) judge.close();
    return judgement;
  }
}

/** A mailbox of the source. */
interface Sides {
  /** As a client of the server sees it. */
  readonly view: JudgedMailbox;
  /** As a fresh Dovecot reads its file. */
  readonly file: JudgedMailbox;
}

/** Gathers what differs between two servers. */
class Judgement {
  readonly differences: string[] = [];
  readonly rows = new Set<string>();
  readonly #foreign: ReadonlyMap<string, string>;
  readonly #met: string[] = [];

  constructor(foreign: ReadonlyMap<string, string>) {
    this.#foreign = foreign;
  }

  /**
   * `started`: a UIDVALIDITY not older counts as made up.
   *
   * UIDNEXT may be higher where foreign mail has UIDs of its own, and in a mailbox that was deleted and made anew and
   * has no mail yet (`index-numbers`): what it begins with is in the old server's index alone, so that it keeps the
   * UIDVALIDITY that clients knew, and under one UIDVALIDITY no UID may come again. Lower it may never be.
   */
  compare(name: string, { view, file }: Sides, target: JudgedMailbox, started: number): void {
    const ours = target.messages.filter((message) => !this.#isForeign(name, message));
    const hasForeign = ours.length < target.messages.length;
    for (const source of [file, this.#withoutIndex(view, file)]) {
      const emptied = ours.length === 0 && Number.isFinite(started);
      const anew = emptied && source.uidValidity !== target.uidValidity && source.uidNext < target.uidNext;
      if (anew) this.rows.add('index-numbers');
      const uidNext = hasForeign || anew ? Math.min(target.uidNext, source.uidNext) : target.uidNext;
      const found = compareViews(name, source, { ...target, messages: ours, uidNext }, started);
      this.differences.push(...found.differences);
      for (const row of found.rows) this.rows.add(row);
    }
  }

  /**
   * What clients see, but for two things that only the old server's index knows, and that its file has otherwise:
   * `index-bytes`, where Dovecot damaged the file when it expunged, and goes by its cache; `index-keywords`, where it
   * expunged the first message and wrote X-IMAPbase behind the X-Keywords of the next, which then count for nothing.
   */
  #withoutIndex(view: JudgedMailbox, file: JudgedMailbox): JudgedMailbox {
    const messages = view.messages.map((seen, i) => {
      const stored = file.messages[i];
      if (stored?.uid !== seen.uid) return seen;
      const { size, sha256, bodySize, body } = stored;
      const damaged = sha256 !== seen.sha256;
      const unread = i === 0 && stored.keywords.length === 0 && seen.keywords.length > 0;
      if (damaged) this.rows.add('index-bytes');
      if (unread) this.rows.add('index-keywords');
      return {
        ...seen,
        ...(damaged ? { size, sha256, bodySize, body } : {}),
        ...(unread ? { keywords: [] } : {}),
      };
    });
    return { ...view, messages };
  }

  /** A mailbox that only the target has: it may hold foreign mail, and nothing else. */
  extra(name: string, { messages }: JudgedMailbox): void {
    const foreign = messages.filter((message) => this.#isForeign(name, message)).length;
    if (foreign === 0 || foreign < messages.length)
      this.differences.push(
        `${name}: only in the target, with ${messages.length} messages, ${foreign} foreign`,
      );
  }

  end(): void {
    const [want, got] = [[...this.#foreign.keys()].sort(), this.#met.sort()];
    if (want.join() !== got.join()) this.differences.push(`foreign mail: delivered ${want}, found ${got}`);
  }

  #isForeign(name: string, { body }: JudgedMessage): boolean {
    const text = body?.toString('latin1') ?? '';
    if (!text.includes('\r\nX-Foreign: ')) return false;
    const subject = /^Subject: (.*)\r$/m.exec(text)?.[1] ?? '';
    this.#met.push(subject);
    if (text !== this.#foreign.get(subject)?.replaceAll('\n', '\r\n'))
      this.differences.push(`${name}: foreign mail ${subject} has other bytes`);
    return true;
  }
}

/** How the mailbox is called in the target: a dot cannot stand in a Maildir++ name. */
function targetName(name: string): string {
  return name.replaceAll('.', '=2E');
}
