import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * How each contender is called. All of them get the same spools and an empty target, or, where they work on what they
 * made before, that.
 */

/** @typedef {import('./measure.mjs').Native} Native */
/** @typedef {import('./measure.mjs').RunOptions} RunOptions */

/** Which command a contender is, the Debian package that has it, and how it tells its version (else the package does). */
const PEERS = {
  mb2md: { command: 'mb2md', package: 'mb2md' },
  doveadm: { command: 'doveadm', package: 'dovecot-core', version: ['dovecot', '--version'] },
  mdeliver: { command: 'mdeliver', package: 'mblaze' },
  rsync: { command: 'rsync', package: 'rsync', version: ['rsync', '--version'] },
  cp: { command: 'cp', package: 'coreutils', version: ['cp', '--version'] },
  python: { command: 'python3', package: 'python3', version: ['python3', '--version'] },
};

/** @typedef {keyof typeof PEERS} Peer */

const BIN = fileURLToPath(new URL('../bin/spoolsync.js', import.meta.url));
const PYTHON = fileURLToPath(new URL('./python-mailbox.py', import.meta.url));
const asRoot = process.getuid?.() === 0;

/** @param {string} command */
const has = (command) => spawnSync('sh', ['-c', 'command -v "$1"', 'sh', command]).status === 0;

/** Why a contender cannot be measured; undefined: it can. @param {Peer} peer @returns {string | undefined} */
export function absence(peer) {
  const { command, package: name } = PEERS[peer];
  return has(command) ? undefined : `not here: ${command} (Debian package ${name})`;
}

/** What is here, with versions, and what is not. @returns {string[]} */
export function describePeers() {
  return /** @type {Peer[]} */ (Object.keys(PEERS)).map(
    (peer) => absence(peer) ?? `${peer}: ${versionOf(peer)}`,
  );
}

/** @param {Peer} peer */
function versionOf(peer) {
  const { package: name, version } = /** @type {{ package: string, version?: string[] }} */ (PEERS[peer]);
  const [command = 'dpkg-query', ...args] = version ?? ['dpkg-query', '-W', '-f', `\${Version}`, name];
  const { stdout } = spawnSync(command, args, { encoding: 'utf8' });
  return stdout?.split('\n')[0]?.trim() || 'version unknown';
}

/** Calls of all contenders. */
export class Contenders {
  #native;
  #configs = 0;

  /** @param {Native} native */
  constructor(native) {
    this.#native = native;
  }

  /** @param {string} command @param {readonly string[]} args @param {RunOptions} [options] */
  run(command, args, options) {
    return this.#native.run(command, args, options);
  }

  /**
   * `command` is one of `convert` and `verify`; `home` gets its state and scratch files.
   * @param {string} command @param {{ from: string, to: string, home: string, more?: readonly string[] }} what
   */
  spoolsync(command, { from, to, home, more = [] }) {
    const args = [BIN, command, '--quiet', '--source-tz', 'UTC', '--from', from, '--to', to, ...more];
    return this.run(process.execPath, [...args, '--state', path.join(home, 'state')], {
      env: { TMPDIR: home },
    });
  }

  /** The start of spoolsync, and nothing else. */
  spoolsyncStart() {
    return this.run(process.execPath, [BIN, '--version']);
  }

  /** @param {string} target @param {readonly string[]} spools @param {RunOptions} [options] */
  floor(target, spools, options) {
    return this.run(this.#native.tool('floor'), [target, ...spools], options);
  }

  /** @param {string} source a spool, or a directory of them @param {string} target */
  mb2md(source, target) {
    return this.run('mb2md', ['-s', source, '-d', target]);
  }

  /** mb2md for several accounts of one spool each. @param {readonly string[]} spools @param {string} target @param {number} atOnce */
  mb2mdEach(spools, target, atOnce) {
    const script = `n=$1; target=$2; shift 2; printf '%s\\n' "$@" | xargs -P "$n" -I{} sh -c 'mb2md -s "$1" -d "$2/\${1##*/}"' sh {} "$target"`;
    return this.run('sh', ['-c', script, 'sh', String(atOnce), target, ...spools]);
  }

  /** One spool after another. @param {string} target @param {readonly string[]} spools */
  mdeliver(target, spools) {
    const script = `target=$1; shift; for f; do d="$target/.\${f##*/}"; mkdir -p "$d/cur" "$d/new" "$d/tmp" && mdeliver -M -c "$d" < "$f" || exit 1; done`;
    return this.run('sh', ['-c', script, 'sh', target, ...spools]);
  }

  /** @param {string} target @param {readonly string[]} spools */
  python(target, spools) {
    return this.run('python3', [PYTHON, target, ...spools]);
  }

  /** `args` of rsync or cp, and two directories. @param {'rsync' | 'cp'} command @param {readonly string[]} args @param {string} from @param {string} to */
  copy(command, args, from, to) {
    return command === 'rsync'
      ? this.run('rsync', [...args, `${from}/`, `${to}/`])
      : this.run('cp', [...args, from, to]);
  }

  /**
   * A user of Dovecot, with a Maildir `home`/Maildir that belongs to a user without rights: doveadm refuses root.
   * @param {string} home @param {'never' | 'optimized'} fsync
   */
  dovecotUser(home, fsync) {
    fs.mkdirSync(home, { recursive: true });
    const config = `${home}/dovecot-${this.#configs++}.conf`;
    fs.writeFileSync(
      config,
      `mail_location = maildir:${home}/Maildir\nmail_home = ${home}\nmail_fsync = ${fsync}\nssl = no\n` +
        `log_path = ${home}/dovecot.log\nstats_writer_socket_path =\nnamespace inbox {\n  inbox = yes\n  separator = /\n}\n`,
    );
    return { home, config };
  }

  /** Gives what lies below to the user that doveadm runs as. @param {string} dir */
  giveToDovecot(dir) {
    if (asRoot) execFileSync('chown', ['-R', 'nobody:nogroup', dir]);
  }

  /**
   * Brings the user's Maildir up to date with mboxes in `mail`, INBOX being `mail`/inbox. It writes there, too: give it a copy.
   * @param {{ home: string, config: string }} user @param {string} mail
   */
  doveadm({ home, config }, mail) {
    const as = asRoot ? ['runuser', '-u', 'nobody', '--'] : [];
    const [command = '', ...args] = [
      ...as,
      'doveadm',
      '-c',
      config,
      'backup',
      '-R',
      `mbox:${mail}:INBOX=${mail}/inbox`,
    ];
    return this.run(command, args, {
      allowed: [0, 2],
      env: { USER: asRoot ? 'nobody' : process.env['USER'], HOME: home },
      cwd: home,
    });
  }
}
