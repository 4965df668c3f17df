import { readFileSync } from 'node:fs';
import { CommanderError } from 'commander';
import { EXIT } from '../core/errors.ts';
import { buildProgram } from './options.ts';

/**
 * Runs the command line; returns the exit status. What a command needs is loaded when one is called, so that help, the
 * version and a mistyped option cost no more than reading them.
 */
export async function main(argv: readonly string[]): Promise<number> {
  let status: number = EXIT.ok;
  for (const stream of [process.stdout, process.stderr]) stream.on('error', ignoreClosedPipe);
  const version = readVersion();
  const program = buildProgram(version, async (command, options) => {
    const { runCommand } = await import('./run-command.ts');
    status = await runCommand(version, command, options);
  });
  try {
    await program.parseAsync(argv);
    return status;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    throw error;
  }
}

/** Whoever read our output may have gone (`| head`); the work goes on, and its exit status stays true. */
function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}

function readVersion(): string {
  const file = new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
