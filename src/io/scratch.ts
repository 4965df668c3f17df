import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { OpenFile } from './file.ts';
import { toNameBytes } from './names.ts';
import { errnoOf, ioError } from './wrap.ts';

/** open(2) flag that Node does not name: a file that never has a name. */
const O_TMPFILE = 0o20000000 | fs.constants.O_DIRECTORY;

/**
 * An empty file for reading and writing that has no name, in the system's directory for temporary files (TMPDIR): it
 * vanishes when it is closed, also when the process is killed.
 */
export function openScratch(): OpenFile {
  const parent = os.tmpdir();
  try {
    const fd = openNameless(parent);
    return new OpenFile(fd, `${toNameBytes(parent)}/(scratch)`, 'target');
  } catch (error) {
    throw ioError(error, 'create a temporary file in', toNameBytes(parent), 'target');
  }
}

function openNameless(parent: string): number {
  try {
    return fs.openSync(parent, fs.constants.O_RDWR | fs.constants.O_EXCL | O_TMPFILE, 0o600);
  } catch (error) {
    // NFS and others cannot; kernels and libcs differ in how they say so.
    if (!['EOPNOTSUPP', 'ENOTSUP', 'EISDIR', 'EINVAL', 'ENOENT'].includes(errnoOf(error) ?? '')) throw error;
    return openAndUnlink(parent);
  }
}

/** The same where a file must have a name at first. */
function openAndUnlink(parent: string): number {
  const dir = fs.mkdtempSync(path.join(parent, 'spoolsync-'));
  const name = path.join(dir, 'scratch');
  try {
    const fd = fs.openSync(name, fs.constants.O_RDWR | fs.constants.O_CREAT | fs.constants.O_EXCL, 0o600);
    fs.unlinkSync(name);
    return fd;
  } finally {
    fs.rmdirSync(dir);
  }
}
