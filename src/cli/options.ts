import { Command, InvalidArgumentError, Option } from 'commander';
import type { MboxRules, Unquote } from '../core/types.ts';
import { escapeControls } from '../report/escape.ts';

/** What the command line says, checked for form only. */
export interface CommandOptions {
  readonly from: string;
  readonly to: string;
  readonly user: readonly string[];
  readonly state?: string;
  readonly mboxRules: MboxRules | 'auto';
  readonly sourceTz?: string;
  readonly unquote: Unquote;
  readonly owner?: string;
  readonly dryRun?: boolean;
  readonly json: boolean;
  readonly quiet: boolean;
}

export type CommandName = 'convert' | 'verify';

const EXIT_HELP = `
Exit status:
  0   done, nothing left over; verify: all equal
  2   done, but the source moved while it was read: run again
  3   done, with findings to look at; verify: differences
  64  wrong usage            66  no such input     78  state of another target
  70  a bug of ours          73  cannot create     74  I/O error or disk full
  75  locked or in use       77  permission        130, 143  stopped by a signal
  All but 0, 2 and 3 say what to do; the same command goes on where it was.`;

/** Builds the command line; `run` is called with the command that was typed. */
export function buildProgram(
  version: string,
  run: (command: CommandName, options: CommandOptions) => Promise<void>,
): Command {
  const program = new Command('spoolsync')
    .description('Moves mbox spools into Dovecot Maildirs, ahead of time and again and again, and proves it.')
    .version(version)
    .addHelpText('after', EXIT_HELP)
    .configureOutput({
      writeErr: (text) => void process.stderr.write(text.split('\n').map(escapeControls).join('\n')),
    })
    .exitOverride();
  const convert = program
    .command('convert')
    .description('bring the target Maildirs up to date with the source spools, which are never written')
    .addOption(
      new Option('--owner <USER[:GROUP]>', 'who the target belongs to (needs root)').argParser(nonEmpty),
    );
  convert.option('--dry-run', 'only say what would be done', false);
  const verify = program
    .command('verify')
    .description('compare both sides anew, message by message and byte by byte; writes nothing');
  for (const command of [convert, verify]) {
    addCommon(command).action((options: CommandOptions) => run(command.name() as CommandName, options));
  }
  return program;
}

function addCommon(command: Command): Command {
  return command
    .requiredOption(
      '--from <LOCATION>',
      'source, as in Dovecot’s mail_location: mbox:/home/%u/mail:INBOX=/var/mail/%u',
      nonEmpty,
    )
    .requiredOption('--to <LOCATION>', 'target: maildir:/srv/vmail/%u/Maildir', nonEmpty)
    .option('--user <NAME...>', 'only these accounts (default: all that the source has on disk)', collect, [])
    .option('--state <DIR>', 'what spoolsync knows of earlier passes', nonEmpty)
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
    .option('--json', 'one event per line, as JSON', false)
    .option('--quiet', 'say only what needs eyes', false)
    .allowExcessArguments(false)
    .addHelpText('after', EXIT_HELP)
    .exitOverride();
}

function nonEmpty(value: string): string {
  if (value === '') throw new InvalidArgumentError('It must not be empty.');
  return value;
}

function collect(value: string, before: readonly string[]): string[] {
  return [...before, nonEmpty(value)];
}
