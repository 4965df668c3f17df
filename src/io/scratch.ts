import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { OpenFile } from './file.ts';
import { toNameBytes } from './names.ts';
import { toStat } from './stat.ts';
import { ioError } from './wrap.ts';

/**
 * An empty file for reading and writing that has no name any more, in the system's directory for temporary files
 * (TMPDIR): it vanishes when it is closed, also when the process is killed.
 */
export function openScratch(): OpenFile {
  const parent = os.tmpdir();
  try {
    const dir = fs.mkdtempSync(path.join(parent, 'spoolsync-'));
    const name = path.join(dir, 'scratch');
    const fd = fs.openSync(name, fs.constants.O_RDWR | fs.constants.O_CREAT | fs.constants.O_EXCL, 0o600);
    fs.unlinkSync(name);
    fs.rmdirSync(dir);
    return new OpenFile(
      fd,
      `${toNameBytes(parent)}/(scratch)`,
      'target',
      toStat(fs.fstatSync(fd, { bigint: true })),
    );
  } catch (error) {
    throw ioError(error, 'create a temporary file in', toNameBytes(parent), 'target');
  }
}
