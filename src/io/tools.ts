import fs from 'node:fs';
import { canLock } from './read-lock.ts';

/** A program or package that is not there, and what is done without it. */
export interface MissingTool {
  readonly name: string;
  /** For people. */
  readonly without: string;
}

/** What of this host is used where it is there, and is not. */
export function missingTools(): MissingTool[] {
  const missing: MissingTool[] = [];
  if (!isInPath('getent'))
    missing.push({
      name: 'getent',
      without: 'users are looked up in /etc/passwd alone, not in LDAP or the like',
    });
  if (!isInPath('sync'))
    missing.push({ name: 'sync', without: 'files are flushed one by one, which takes longer' });
  if (!canLock())
    missing.push({
      name: 'fs-native-extensions',
      without: 'spools are not locked while they are read; one that moves is noticed by its size and times',
    });
  return missing;
}

function isInPath(program: string): boolean {
  const dirs = (process.env['PATH'] ?? '').split(':').filter((dir) => dir.startsWith('/'));
  return dirs.some((dir) => {
    try {
      fs.accessSync(`${dir}/${program}`, fs.constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
