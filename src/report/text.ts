import type {
  DifferenceEvent,
  EndEvent,
  FailureEvent,
  Listener,
  MailboxEvent,
  RemarkEvent,
  RulesEvent,
  RunEvent,
} from '../core/events.ts';
import { escapeControls } from './escape.ts';
import { formatBytes, formatSeconds, plural } from './format.ts';

/** Differences of one mailbox that are printed one by one; the rest is counted. All are in the JSON output. */
const SHOWN = 20;

interface TextOptions {
  /** Results. */
  readonly out: (text: string) => void;
  /** Failures. */
  readonly err: (text: string) => void;
  /** Only failures, and what needs eyes. */
  readonly quiet: boolean;
}

/**
 * The report for people: a line for each mailbox that changed or needs eyes, then a summary. Nothing is printed for a
 * mailbox in which there was nothing to do.
 */
export function textReport(options: TextOptions): Listener {
  const report = new TextReport(options);
  return (event) => report.listen(event);
}

/** What has been said of a mailbox that is not done. */
interface Pending {
  rules?: RulesEvent;
  /** The first of each kind; the rest is only counted, since a hostile spool has any number of them. */
  finding?: RemarkEvent;
  note?: RemarkEvent;
  findings: number;
  differences: number;
}

class TextReport {
  readonly #options: TextOptions;
  readonly #pending = new Map<string, Pending>();
  #command: 'convert' | 'verify' = 'convert';
  #eyes = 0;

  constructor(options: TextOptions) {
    this.#options = options;
  }

  listen(event: RunEvent): void {
    switch (event.event) {
      case 'begin':
        this.#command = event.command;
        this.#say(`${event.command} ${event.from} -> ${event.to}: ${plural(event.accounts, 'account')}`);
        break;
      case 'rules':
        this.#of(event.user, event.mailbox).rules = event;
        break;
      case 'remark':
        this.#remark(event);
        break;
      case 'mailbox':
        this.#mailbox(event);
        break;
      case 'difference':
        this.#difference(event);
        break;
      case 'failure':
        this.#failure(event);
        break;
      case 'end':
        this.#end(event);
        break;
      case 'account':
      case 'progress':
        break;
    }
  }

  #remark(event: RemarkEvent): void {
    if (event.user === undefined || event.mailbox === undefined) {
      if (event.severity === 'finding') this.#eyes++;
      const where = event.place === undefined ? '' : ` (${event.place})`;
      const line = `${event.user === undefined ? '' : `${event.user}: `}${event.code}: ${event.message}${where}`;
      if (event.severity === 'finding') this.#always(line);
      else this.#say(line);
      return;
    }
    const pending = this.#of(event.user, event.mailbox);
    if (event.severity === 'finding') {
      pending.findings++;
      pending.finding ??= event;
    } else {
      pending.note ??= event;
    }
  }

  #difference(event: DifferenceEvent): void {
    const pending = this.#of(event.user, event.mailbox);
    pending.differences++;
    if (pending.differences > SHOWN) return;
    const uid = event.uid === undefined ? '' : ` uid ${event.uid}`;
    const where = event.place === undefined ? '' : ` (${event.place})`;
    this.#always(`${event.sign} ${event.user} ${event.mailbox}${uid}: ${event.message}${where}`);
  }

  #mailbox(event: MailboxEvent): void {
    const pending = this.#of(event.user, event.mailbox);
    this.#pending.delete(key(event.user, event.mailbox));
    const hidden = pending.differences - SHOWN;
    if (hidden > 0)
      this.#always(`  … and ${plural(hidden, 'more difference')} in ${event.mailbox} (all with --json)`);
    const changed = event.added + event.reflagged + event.removed > 0;
    const eyes = pending.findings > 0;
    if (eyes) this.#eyes++;
    if (!changed && !eyes && this.#command === 'convert') return;
    const line = this.#mailboxLine(event, pending);
    if (eyes) this.#always(line);
    else this.#say(line);
  }

  #mailboxLine(event: MailboxEvent, { rules, finding, findings, note }: Pending): string {
    const head = `${event.user} ${event.mailbox}: ${plural(event.messages, 'message')}`;
    const parts = [head];
    if (this.#command === 'verify') parts.push(`${event.equal} equal`);
    else parts.push(`+${event.added} ~${event.reflagged} -${event.removed}`);
    if (rules !== undefined && this.#command === 'convert')
      parts.push(`read as ${rules.rules} (${rules.reason})`);
    if (note !== undefined) parts.push(note.message);
    if (finding !== undefined) parts.push(describeFinding(finding, findings));
    return parts.join(', ');
  }

  #failure(event: FailureEvent): void {
    this.#flushPending(event);
    const who = [event.user, event.mailbox].filter((part) => part !== undefined).join(' ');
    const lines = [`spoolsync: ${event.code}: ${who === '' ? '' : `${who}: `}${event.message}`];
    if (event.place !== undefined) lines.push(`  at  ${event.place}`);
    lines.push(`  do  ${event.advice}`);
    for (const line of lines) this.#options.err(`${escapeControls(line)}\n`);
  }

  /** What was found in a mailbox that then failed. */
  #flushPending({ user, mailbox }: FailureEvent): void {
    if (user === undefined || mailbox === undefined) return;
    const { finding, findings, differences } = this.#of(user, mailbox);
    this.#pending.delete(key(user, mailbox));
    if (differences > SHOWN)
      this.#always(`  … and ${plural(differences - SHOWN, 'more difference')} in ${mailbox}`);
    if (finding === undefined) return;
    this.#eyes++;
    this.#always([`${user} ${mailbox}`, describeFinding(finding, findings)].join(', '));
  }

  #end({ totals, seconds, exit }: EndEvent): void {
    const done = `${plural(totals.mailboxes, 'mailbox', 'mailboxes')}, ${plural(totals.messages, 'message')}, ${formatBytes(totals.bytes)}`;
    const work =
      this.#command === 'verify'
        ? plural(totals.differences, 'difference')
        : `${totals.added} added, ${totals.reflagged} reflagged, ${totals.removed} removed`;
    this.#say(`${this.#command}: ${done}: ${work}, in ${formatSeconds(seconds)}`);
    if (this.#eyes > 0)
      this.#say(
        `${plural(this.#eyes, 'place')} to look at, ${plural(totals.findings, 'finding')} (each with --json)`,
      );
    if (totals.failures > 0) this.#say(`${plural(totals.failures, 'failure')}: see above`);
    this.#say(`exit ${exit}`);
  }

  #of(user: string, mailbox: string): Pending {
    const id = key(user, mailbox);
    const pending = this.#pending.get(id) ?? { findings: 0, differences: 0 };
    this.#pending.set(id, pending);
    return pending;
  }

  #say(line: string): void {
    if (!this.#options.quiet) this.#always(line);
  }

  #always(line: string): void {
    this.#options.out(`${escapeControls(line)}\n`);
  }
}

function describeFinding({ code, message, place }: RemarkEvent, count: number): string {
  const more = count > 1 ? ` and ${count - 1} more` : '';
  const where = place === undefined ? '' : ` at ${place}`;
  return `LOOK: ${code}${where}: ${message}${more}`;
}

function key(user: string, mailbox: string): string {
  return `${user}\0${mailbox}`;
}
