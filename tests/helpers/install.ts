import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Finds the Dovecot that judges our work, and installs it where that is possible. Tests never go on without it: a
 * judge that may be absent proves nothing.
 */

const PACKAGES = ['dovecot-core', 'dovecot-imapd', 'dovecot-pop3d'];
/** Test files run side by side, and apt-get does not. */
const LOCK = '/tmp/spoolsync-tests-apt.lock';
/** Debian's maintainer scripts ask policy-rc.d before they start a service; one that is there is the owner's word. */
const SCRIPT = `
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
  trap 'rm -f /usr/sbin/policy-rc.d' EXIT
  printf '#!/bin/sh\\nexit 101\\n' >$policy
  chmod 755 $policy
fi
apt-get -qy -o DPkg::Lock::Timeout=240 update
apt-get -qy -o DPkg::Lock::Timeout=240 install --no-install-recommends "$@"
`;

export interface DovecotInstallation {
  /** Decides the language of the configuration file. */
  readonly version: '2.3' | '2.4';
  /** Chroot to run in (environment variable SPOOLSYNC_DOVECOT_ROOT), or undefined for this host's own Dovecot. */
  readonly chroot: string | undefined;
}

let found: DovecotInstallation | undefined;

/**
 * The Dovecot to use: that of the chroot named by SPOOLSYNC_DOVECOT_ROOT, else this host's, which is installed first
 * when it is missing and we are root on a system with apt-get. Throws with the command to run otherwise.
 */
export function findDovecot(): DovecotInstallation {
  const { SPOOLSYNC_DOVECOT_ROOT } = process.env;
  found ??= look(SPOOLSYNC_DOVECOT_ROOT || undefined);
  return found;
}

function look(chroot: string | undefined): DovecotInstallation {
  if (chroot !== undefined && process.getuid?.() !== 0) {
    throw new Error(
      'SPOOLSYNC_DOVECOT_ROOT is set, but only root can chroot: run the tests as root or unset it',
    );
  }
  let release = askRelease(chroot);
  if (release === undefined && chroot === undefined) {
    installPackages(PACKAGES, 'Dovecot');
    release = askRelease(chroot);
  }
  const version = /^2\.[34]\b/.exec(release ?? '')?.[0];
  if (version !== '2.3' && version !== '2.4') {
    const where = chroot === undefined ? 'on this host' : `in the chroot ${chroot}`;
    throw new Error(
      `Dovecot 2.3 or 2.4 is needed ${where}, found: ${release ?? 'none'} (make one: .ci/dovecot24)`,
    );
  }
  return { version, chroot };
}

function askRelease(chroot: string | undefined): string | undefined {
  const program = '/usr/sbin/dovecot';
  const paths = [program, '/usr/bin/doveadm', '/usr/lib/dovecot/imap', '/usr/lib/dovecot/pop3'];
  if (!paths.every((path) => existsSync(`${chroot ?? ''}${path}`))) return undefined;
  const [command, args] = chroot === undefined ? [program, []] : ['chroot', [chroot, program]];
  const run = spawnSync(command, [...args, '--version'], { encoding: 'utf8' });
  return run.status === 0 ? run.stdout.trim() : undefined;
}

/**
 * Installs Debian packages when we are root on a system with apt-get, without starting a service. Throws with the
 * command to run otherwise; `what` says who needs them, as in "Dovecot".
 */
export function installPackages(packages: readonly string[], what: string): void {
  const byHand = `apt-get update && apt-get install --no-install-recommends ${packages.join(' ')}`;
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) {
    throw new Error(`The tests need ${what}, which is not installed. Run as root: ${byHand}`);
  }
  const run = spawnSync('flock', [LOCK, 'sh', '-ec', SCRIPT, 'sh', ...packages], {
    encoding: 'utf8',
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
  if (run.status !== 0) throw new Error(`Could not install ${what} (${byHand}):\n${run.stdout}${run.stderr}`);
}

/**
 * Unpacks Debian packages below the directory `into`, without installing them: for programs that exclude each other. With
 * them come the packages they depend on whose names `libraries` matches. Wants apt-get, and no root where it knows the
 * packages. Throws with what to do otherwise; `what` says who needs them.
 */
export function unpackPackages(
  packages: readonly string[],
  libraries: RegExp,
  into: string,
  what: string,
): void {
  if (!existsSync('/usr/bin/apt-get'))
    throw new Error(
      `The tests need ${what}: run them on Debian or Ubuntu, where apt-get gets ${packages.join(', ')}`,
    );
  const debs = mkdtempSync(join(tmpdir(), 'spoolsync-debs-'));
  const run = (command: string, args: readonly string[]) =>
    spawnSync('flock', [LOCK, command, ...args], { encoding: 'utf8', cwd: debs });
  try {
    const known = () => run('apt-cache', ['show', '--no-all-versions', ...packages]).status === 0;
    if (!known() && process.getuid?.() === 0) run('apt-get', ['-qy', 'update']);
    const depends = run('apt-cache', ['depends', '--important', ...packages]).stdout;
    const found = [...depends.matchAll(/Depends: ([^<\s]+)$/gm)].map(([, name]) => name ?? '');
    const names = [...new Set([...packages, ...found.filter((name) => libraries.test(name))])];
    const got = run('apt-get', ['-q', 'download', ...names]);
    if (got.status !== 0)
      throw new Error(
        `Could not get ${what} (as root: apt-get update; then: apt-get download ${names.join(' ')}):\n${got.stdout}${got.stderr}`,
      );
    for (const deb of readdirSync(debs)) {
      const { status, stderr } = run('dpkg-deb', ['-x', deb, into]);
      if (status !== 0) throw new Error(`Could not unpack ${deb}: ${stderr}`);
    }
  } finally {
    rmSync(debs, { recursive: true, force: true });
  }
}
