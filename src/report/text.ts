import type {
  ActionEvent,
  BeginEvent,
  CommandName,
  DifferenceEvent,
  EndEvent,
  FailureEvent,
  Listener,
  MailboxEvent,
  RemarkEvent,
  RulesEvent,
  RunEvent,
  Totals,
} from '../core/events.ts';
import { actionLine } from './action-text.ts';
import { escapeControls } from './escape.ts';
import { gateLines, sealLine, tookLines } from './final-text.ts';
import { formatBytes, formatSeconds, plural } from './format.ts';
import { preflightLine } from './preflight-text.ts';
import { StatusText } from './status-text.ts';

/** Differences, and actions, of one mailbox that are printed one by one; the rest is counted. All are in the JSON output. */
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
  actions: number;
}

class TextReport {
  readonly #options: TextOptions;
  readonly #pending = new Map<string, Pending>();
  readonly #status = new StatusText((line) => this.#say(line));
  /** Unknown where the run failed before it began. */
  #command: CommandName | undefined;
  #dryRun = false;
  #preflight = false;
  #eyes = 0;

  constructor(options: TextOptions) {
    this.#options = options;
  }

  listen(event: RunEvent): void {
    if (this.#command === 'status') this.#status.listen(event);
    switch (event.event) {
      case 'begin':
        this.#begin(event);
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
      case 'action':
        this.#action(event);
        break;
      case 'gate':
        for (const line of gateLines(event)) event.quiet ? this.#say(line) : this.#always(line);
        break;
      case 'seal':
        this.#say(sealLine(event));
        break;
      case 'forecast':
        for (const line of tookLines(event)) this.#say(line);
        break;
      case 'preflight':
        event.enough ? this.#say(preflightLine(event)) : this.#always(preflightLine(event));
        break;
      case 'end':
        this.#end(event);
        break;
      case 'account':
      case 'source':
      case 'configuration':
      case 'progress':
      case 'pass':
      case 'hot':
        break;
    }
  }

  #begin({ command, from, to, config, accounts, dryRun, preflight }: BeginEvent): void {
    this.#command = command;
    this.#dryRun = dryRun === true;
    this.#preflight = preflight === true;
    const places = config ?? [from, to].filter((place) => place !== undefined).join(' -> ');
    const words = [
      command,
      ...(dryRun ? ['(dry run)'] : []),
      ...(preflight ? ['(preflight)'] : []),
      ...(places === '' ? [] : [places]),
    ];
    this.#say(`${words.join(' ')}: ${plural(accounts, 'account')}`);
  }

  #action(event: ActionEvent): void {
    const pending = this.#of(event.user, event.mailbox);
    pending.actions++;
    if (pending.actions <= SHOWN) this.#say(actionLine(event));
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
    this.#countHidden(event.mailbox, pending);
    const { added, reflagged, renumbered = 0, removed, differences = 0 } = event;
    const changed = added + reflagged + renumbered + removed + differences > 0;
    const eyes = pending.findings > 0;
    if (eyes) this.#eyes++;
    if (!changed && !eyes && this.#command !== 'verify') return;
    const line = this.#mailboxLine(event, pending);
    if (eyes) this.#always(line);
    else this.#say(line);
  }

  #mailboxLine(event: MailboxEvent, { rules, finding, findings, note }: Pending): string {
    const { user, mailbox, messages, added, reflagged, renumbered = 0, removed, foreign = 0, equal } = event;
    const parts = [`${user} ${mailbox}: ${plural(messages, 'message')}`];
    if (equal !== undefined) parts.push(`${equal} equal`);
    else parts.push(`+${added} ~${reflagged} -${removed}${renumbered > 0 ? ` #${renumbered}` : ''}`);
    if (foreign > 0) parts.push(`${foreign} of others`);
    if (rules !== undefined && this.#command !== 'verify')
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
    const pending = this.#of(user, mailbox);
    const { finding, findings } = pending;
    this.#pending.delete(key(user, mailbox));
    this.#countHidden(mailbox, pending);
    if (finding === undefined) return;
    this.#eyes++;
    this.#always([`${user} ${mailbox}`, describeFinding(finding, findings)].join(', '));
  }

  /** What was not printed one by one. */
  #countHidden(mailbox: string, { differences, actions }: Pending): void {
    if (differences > SHOWN)
      this.#always(
        `  … and ${plural(differences - SHOWN, 'more difference')} in ${mailbox} (all with --json)`,
      );
    if (actions > SHOWN)
      this.#say(`  … and ${plural(actions - SHOWN, 'more action')} in ${mailbox} (all with --json)`);
  }

  #end({ totals, seconds, exit }: EndEvent): void {
    if (this.#preflight) {
      if (exit === 0) this.#say('preflight: nothing stands in the way');
    } else if (this.#command !== undefined && this.#command !== 'status' && this.#command !== 'discover')
      this.#say(`${this.#command}: ${this.#summary(this.#command, totals, seconds)}`);
    if (this.#eyes > 0)
      this.#say(
        `${plural(this.#eyes, 'place')} to look at, ${plural(totals.findings, 'finding')} (each with --json)`,
      );
    if (totals.failures > 0) this.#say(`${plural(totals.failures, 'failure')}: see above`);
    this.#say(`exit ${exit}`);
  }

  #summary(command: Exclude<CommandName, 'status' | 'discover'>, totals: Totals, seconds: number): string {
    const { mailboxes, messages, bytes, added, reflagged, renumbered, removed, equal, differences } = totals;
    const done = `${plural(mailboxes, 'mailbox', 'mailboxes')}, ${plural(messages, 'message')}, ${formatBytes(bytes)}`;
    const compared = plural(differences, 'difference');
    const numbered = renumbered > 0 ? `, ${renumbered} renumbered` : '';
    const changed = `${added} added, ${reflagged} reflagged${numbered}, ${removed} removed`;
    const work = {
      convert: this.#dryRun ? `${changed} (nothing was changed)` : changed,
      final: `${changed}; ${equal} compared and equal, ${compared}`,
      verify: compared,
    }[command];
    return `${done}: ${work}, in ${formatSeconds(seconds)}`;
  }

  #of(user: string, mailbox: string): Pending {
    const id = key(user, mailbox);
    const pending = this.#pending.get(id) ?? { findings: 0, differences: 0, actions: 0 };
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
