import { Command, InvalidArgumentError, Option } from 'commander';
import type { CommandName } from '../core/events.ts';
import type { MboxRules, Unquote } from '../core/types.ts';
import { DEFAULT_MAX_REMOVE, type MaxRemove } from '../plan/removals.ts';
import { escapeControls } from '../report/escape.ts';
import type { Shard } from '../run/shard.ts';

/** What the command line says, checked for form only. What a command has no option for is absent. */
export interface CommandOptions {
  /** Absent with `status`, where `verify` has a seal, and with `config`. */
  readonly from?: string;
  readonly to?: string;
  /** Instead of `from`, `to`, `users` and `owner`. */
  readonly config?: string;
  /** Of `discover`: the directory that is the old server’s root. */
  readonly root?: string;
  readonly users?: string;
  readonly user: readonly string[];
  /** One, but for `status`, which may have several. */
  readonly state?: string | readonly string[];
  readonly jobs?: number;
  readonly shard?: Shard;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly mboxRules?: MboxRules | 'auto';
  readonly sourceTz?: string;
  readonly unquote?: Unquote;
  readonly pop3Uidl?: string;
  readonly owner?: string;
  readonly maxRemove?: MaxRemove;
  readonly dryRun?: boolean;
  readonly preflight?: boolean;
  readonly skipPreflight?: boolean;
  readonly link?: boolean;
  readonly verify?: 'all' | 'changed' | 'sample';
  readonly merge?: boolean;
  readonly forceQuiet?: boolean;
  readonly seal?: string;
}

const EXIT_HELP = `
Exit status:
  0   done, nothing left over; verify: all equal
  2   done, but the source moved while it was read: run again
  3   done, with findings to look at; verify: differences
  64  wrong usage            66  no such input     78  configuration; state of another target, sealed, or damaged
  70  a bug of ours          73  cannot create     74  I/O error or disk full
  75  locked, in use, or (final) not quiet         77  permission
  130, 143  stopped by a signal
  All but 0, 2 and 3 say what to do; the same command goes on where it was.`;

/** What each command is about, and its options beside those of all. */
const COMMANDS: Readonly<Record<CommandName, (command: Command) => Command>> = {
  convert: (command) =>
    addWork(addPass(addReading(addPlaces(command))))
      .description('bring the target Maildirs up to date with the source, which is never written')
      .option('--dry-run', 'only say what would be done', false)
      .option('--preflight', 'only say whether there is room and permission for it', false),
  final: (command) =>
    addWork(addPass(addReading(addPlaces(command))))
      .description('the last pass, when the old server is silent: what is left, the proof, and the seal')
      .addOption(
        new Option('--verify <WHAT>', 'messages to compare byte by byte before sealing')
          .choices(['all', 'changed', 'sample'])
          .default('changed'),
      )
      .option('--force-quiet', 'go on although the source is not quiet; the seal will say so', false)
      .option('--merge', 'after a final: only add mail that came late, never change or remove', false)
      .option('--seal <FILE>', 'where to write the seal (default: into the state directory)', nonEmpty),
  verify: (command) =>
    addWork(addReading(addPlacesOrSeal(command))).description(
      'compare both sides anew, message by message and byte by byte; changes neither',
    ),
  status: (command) =>
    command
      .description('passes so far, what changed between them, and how long final will take')
      .option('--state <DIR...>', 'what spoolsync knows of earlier passes; several of shards', collect),
  discover: (command) =>
    command
      .argument('<ROOT>', 'the old server’s disk, or a mounted copy of it; / for this host', nonEmpty)
      .description(
        'print a configuration to edit, made of what lies on an old server’s disk; changes nothing',
      ),
};

/** Builds the command line; `run` is called with the command that was typed. */
export function buildProgram(
  version: string,
  run: (command: CommandName, options: CommandOptions) => Promise<void>,
): Command {
  const program = new Command('spoolsync')
    .description(
      'Moves mbox spools and Maildirs into Dovecot Maildirs, ahead of time and again and again, and proves it.',
    )
    .version(version)
    .addHelpText('after', EXIT_HELP)
    .configureOutput({
      writeErr: (text) => void process.stderr.write(text.split('\n').map(escapeControls).join('\n')),
    })
    .exitOverride();
  for (const name of Object.keys(COMMANDS) as CommandName[]) {
    const command = COMMANDS[name](program.command(name));
    if (name !== 'discover') addUser(command);
    addCommon(command).action(() => {
      const [root] = command.args;
      return run(name, { ...command.opts<CommandOptions>(), ...(root !== undefined && { root }) });
    });
  }
  return program;
}

const FROM = [
  '--from <LOCATION>',
  'source, as in Dovecot’s mail_location: mbox:/home/%u/mail:INBOX=/var/mail/%u, maildir:~/Maildir; or archive:/lists/%u',
  nonEmpty,
] as const;

const TO = ['--to <LOCATION>', 'target: maildir:/srv/vmail/%u/Maildir', nonEmpty] as const;

function addLists(command: Command): Command {
  return command
    .option('--users <FILE>', 'only the accounts in this list: a name, or old = new, on each line', nonEmpty)
    .option('--config <FILE>', 'sources, targets, accounts and owners from this file instead', nonEmpty);
}

function addPlaces(command: Command): Command {
  return addLists(command.option(...FROM).option(...TO)).hook('preAction', () => checkPlaces(command));
}

function addPlacesOrSeal(command: Command): Command {
  return addLists(command.option(...FROM).option(...TO))
    .option('--seal <FILE>', 'compare the target with a seal of final instead of the source', nonEmpty)
    .hook('preAction', () => {
      const { seal, ...options } = command.opts<CommandOptions>();
      if (seal === undefined) checkPlaces(command, " (or '--seal <FILE>')");
      else refuseBeside(command, options, ['users', 'config'], '--seal');
    });
}

/** Either a configuration, or both locations. */
function checkPlaces(command: Command, or = ''): void {
  const options = command.opts<CommandOptions>();
  if (options.config !== undefined) {
    refuseBeside(command, options, ['from', 'to', 'users', 'owner'], '--config');
    return;
  }
  for (const [given, flag, other] of [
    [options.from, FROM[0], or],
    [options.to, TO[0], ''],
  ]) {
    if (given === undefined)
      command.error(`error: required option '${flag}' (or '--config <FILE>')${other} not specified`);
  }
}

function refuseBeside(
  command: Command,
  options: CommandOptions,
  others: readonly (keyof CommandOptions)[],
  option: string,
): void {
  const other = others.find((name) => options[name] !== undefined);
  if (other !== undefined) command.error(`error: --${other} cannot be used with ${option}, which says it`);
}

function addReading(command: Command): Command {
  return command
    .addOption(
      new Option('--mbox-rules <RULES>', 'whose reading of mbox counts')
        .choices(['auto', 'dovecot', 'uw', 'plain'])
        .default('auto'),
    )
    .option(
      '--source-tz <ZONE>',
      'time zone of the old server (IANA name) for dates without one (default: this host’s)',
      nonEmpty,
    )
    .addOption(
      new Option('--unquote <STYLE>', 'undo >From quoting').choices(['none', 'rd', 'o']).default('none'),
    )
    .option(
      '--pop3-uidl <FORMAT>',
      'POP3 UIDLs of the old server: dovecot, uw, courier, qmail, x-uidl, or its pop3_uidl_format',
      nonEmpty,
    );
}

/** What all commands have that work on accounts. */
function addWork(command: Command): Command {
  return command
    .option('--state <DIR>', 'what spoolsync knows of earlier passes', nonEmpty)
    .addOption(
      new Option('--shard <I/N>', 'only a share of the accounts, the same in every run').argParser(
        parseShard,
      ),
    )
    .addOption(
      new Option(
        '--jobs <N>',
        'accounts that are worked on at once (default: as many as there are cores, 2 where a disk turns)',
      ).argParser(parseJobs),
    );
}

function addPass(command: Command): Command {
  return command
    .option(
      '--owner <USER[:GROUP]>',
      'who the target belongs to (needs root); account: each account’s own user on this host',
      nonEmpty,
    )
    .option('--link', 'hard-link messages of a Maildir instead of copying them, where that can be', false)
    .addOption(
      new Option('--max-remove <N|P%>', 'messages that may be removed from a mailbox without asking')
        .argParser(parseMaxRemove)
        .default(DEFAULT_MAX_REMOVE, '10%, and 20 in any case'),
    )
    .option('--skip-preflight', 'begin without asking whether there is room', false);
}

/** Of all commands that know accounts. */
function addUser(command: Command): Command {
  return command.option('--user <NAME...>', 'only these accounts (default: all)', collect, []);
}

function addCommon(command: Command): Command {
  return command
    .option('--json', 'one event per line, as JSON', false)
    .option('--quiet', 'say only what needs eyes', false)
    .allowExcessArguments(false)
    .addHelpText('after', EXIT_HELP)
    .exitOverride();
}

/** `50`: so many messages of a mailbox. `30%`: this share of it, and what is always allowed. */
function parseMaxRemove(value: string): MaxRemove {
  const [, number = '', percent] = /^(\d{1,9}(?:\.\d+)?)(%?)$/.exec(value) ?? [];
  const count = Number(number);
  if (number !== '' && percent === '%' && count <= 100)
    return { share: count / 100, atLeast: DEFAULT_MAX_REMOVE.atLeast };
  if (number !== '' && percent === '' && Number.isSafeInteger(count) && !number.includes('.'))
    return { share: 0, atLeast: count };
  throw new InvalidArgumentError('It must be a number of messages (50) or a share of a mailbox (30%).');
}

/** `2/3`: the second of three shares. */
function parseShard(value: string): Shard {
  const [, index, count] = /^(\d{1,5})\/(\d{1,5})$/.exec(value) ?? [];
  const shard = { index: Number(index), count: Number(count) };
  if (shard.index >= 1 && shard.index <= shard.count) return shard;
  throw new InvalidArgumentError('It must be a share and how many there are, such as 2/3.');
}

function parseJobs(value: string): number {
  const count = Number(value);
  if (/^\d{1,3}$/.test(value) && count > 0) return count;
  throw new InvalidArgumentError('It must be a number of accounts from 1 to 999.');
}

function nonEmpty(value: string): string {
  if (value === '') throw new InvalidArgumentError('It must not be empty.');
  return value;
}

function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, nonEmpty(value)];
}
