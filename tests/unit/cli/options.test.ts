import { describe, expect, test } from 'vitest';
import { buildProgram, type CommandOptions } from '../../../src/cli/options.ts';
import type { CommandName } from '../../../src/core/events.ts';

const BOTH = ['--from', 'mbox:/a', '--to', 'maildir:/b'];

/** What a command line is understood as: the command and its options, or what is answered. */
function parse(args: readonly string[]): { command: CommandName; options: CommandOptions } | string {
  let result: ReturnType<typeof parse> = '';
  const program = buildProgram('1', (command, options) => {
    result = { command, options };
    return Promise.resolve();
  });
  let answer = '';
  for (const one of [program, ...program.commands])
    one.configureOutput({
      writeErr: (text) => {
        answer += text;
      },
    });
  try {
    program.parse(['node', 'spoolsync', ...args]);
  } catch {
    return answer;
  }
  return result;
}

const optionsOf = (args: readonly string[]) => {
  const parsed = parse(args);
  if (typeof parsed === 'string') throw new Error(parsed);
  return parsed.options;
};

describe('--max-remove', () => {
  test.each([
    [[], { share: 0.1, atLeast: 20 }],
    [['--max-remove', '50'], { share: 0, atLeast: 50 }],
    [['--max-remove', '0'], { share: 0, atLeast: 0 }],
    [['--max-remove', '30%'], { share: 0.3, atLeast: 20 }],
    [['--max-remove', '100%'], { share: 1, atLeast: 20 }],
    [['--max-remove=2.5%'], { share: 0.025, atLeast: 20 }],
  ])('%j', (args, expected) => {
    for (const command of ['convert', 'final'])
      expect(optionsOf([command, ...BOTH, ...args]).maxRemove).toEqual(expected);
  });

  test.each(['', '%', '-1', '1.5', '101%', '100.5%', '5x', 'all', '1e3', ' 5', '9999999999'])(
    '%j is refused',
    (value) => {
      expect(parse(['convert', ...BOTH, `--max-remove=${value}`])).toContain('must be a number of messages');
    },
  );
});

describe('commands', () => {
  test('convert', () => {
    expect(optionsOf(['convert', ...BOTH])).toMatchObject({ dryRun: false, json: false, user: [] });
    expect(optionsOf(['convert', ...BOTH, '--dry-run']).dryRun).toBe(true);
  });

  test('final', () => {
    expect(optionsOf(['final', ...BOTH])).toMatchObject({
      verify: 'changed',
      merge: false,
      forceQuiet: false,
    });
    const more = ['--verify', 'all', '--merge', '--force-quiet', '--seal', '/s', '--owner', 'vmail'];
    expect(optionsOf(['final', ...BOTH, ...more])).toMatchObject({
      verify: 'all',
      merge: true,
      forceQuiet: true,
      seal: '/s',
      owner: 'vmail',
    });
    expect(parse(['final', ...BOTH, '--verify', 'some'])).toContain(
      'Allowed choices are all, changed, sample',
    );
    expect(parse(['final', ...BOTH, '--dry-run'])).toContain('unknown option');
  });

  test('verify takes a source or a seal, or both', () => {
    expect(optionsOf(['verify', ...BOTH])).toMatchObject({ from: 'mbox:/a', to: 'maildir:/b' });
    expect(optionsOf(['verify', '--seal', '/s', '--to', 'maildir:/b'])).toMatchObject({ seal: '/s' });
    expect(optionsOf(['verify', '--seal', '/s'])).toMatchObject({ seal: '/s' });
    expect(parse(['verify', '--to', 'maildir:/b'])).toContain(
      "'--from <LOCATION>' (or '--config <FILE>') (or '--seal <FILE>')",
    );
    expect(parse(['verify', '--from', 'mbox:/a'])).toContain("required option '--to <LOCATION>'");
    for (const [option, value] of [
      ['--users', '/u'],
      ['--config', '/c'],
    ] as const) {
      expect(parse(['verify', '--seal', '/s', option, value])).toContain(
        `${option} cannot be used with --seal`,
      );
    }
    expect(parse(['verify', ...BOTH, '--max-remove', '5'])).toContain('unknown option');
  });

  test.each(['convert', 'final', 'verify'])(
    '%s takes locations, a list, or a configuration instead',
    (command) => {
      expect(optionsOf([command, '--config', '/c', '--user', 'a'])).toMatchObject({
        config: '/c',
        user: ['a'],
      });
      expect(optionsOf([command, ...BOTH, '--users', '/u'])).toMatchObject({ users: '/u', from: 'mbox:/a' });
      expect(parse([command, '--to', 'maildir:/b'])).toContain("'--from <LOCATION>' (or '--config <FILE>')");
      expect(parse([command, '--from', 'mbox:/a'])).toContain("'--to <LOCATION>' (or '--config <FILE>')");
      for (const [option = '', value = ''] of [BOTH.slice(0, 2), BOTH.slice(2), ['--users', '/u']])
        expect(parse([command, '--config', '/c', option, value])).toContain(
          `${option} cannot be used with --config`,
        );
      expect(parse([command, '--config', ''])).toContain('must not be empty');
    },
  );

  test('owners stand in a configuration, if there is one', () => {
    for (const command of ['convert', 'final'])
      expect(parse([command, '--config', '/c', '--owner', 'x'])).toContain(
        '--owner cannot be used with --config',
      );
  });

  test('status needs neither side, and has no use for them', () => {
    expect(optionsOf(['status', '--state', '/s', '--user', 'a', '--user', 'b'])).toMatchObject({
      state: ['/s'],
      user: ['a', 'b'],
    });
    expect(parse(['status', ...BOTH])).toContain('unknown option');
  });

  test('any other is unknown', () => {
    expect(parse(['finish', ...BOTH])).toContain('unknown command');
  });
});
