import type { Dir } from '../../io/dir.ts';
import { openBelow } from '../walk.ts';

/** The three directories of a folder. */
export const PARTS = ['cur', 'new', 'tmp'] as const;

/** An open folder of a Maildir of the source. */
export interface SourceFolder {
  readonly dir: Dir;
  /** `undefined` where the folder lacks it. */
  readonly cur: Dir | undefined;
  readonly new: Dir | undefined;
  /** Where its uidlist and keywords are: `dir` itself unless the location has `:CONTROL=`; `undefined`: not there. */
  readonly control: Dir | undefined;
  /** Which of the three directories it lacks. */
  readonly missing: readonly string[];
  close(): void;
}

/** Opens what belongs to a folder whose directory is open; both directories are closed with it, also when this throws. */
export function openParts(dir: Dir, control: Dir | undefined, owner: number): SourceFolder {
  const opened: Dir[] = [dir];
  if (control !== undefined) opened.push(control);
  const close = () => {
    for (const one of opened) one.close();
  };
  try {
    const parts = PARTS.map((name) => openBelow(dir, [name], owner));
    for (const part of parts) if (part !== undefined) opened.push(part);
    const [cur, fresh] = parts;
    const missing = PARTS.filter((_, i) => parts[i] === undefined);
    return { dir, cur, new: fresh, control, missing, close };
  } catch (error) {
    close();
    throw error;
  }
}
