import fs from 'node:fs';
import os from 'node:os';
import { printable } from './names.ts';

/** A socket of this host at which something waits for connections. */
export interface Listener {
  /** `0.0.0.0:143`, `[::]:993`, or a path. */
  readonly where: string;
  /** Inode of the socket, as `/proc/PID/fd` names it. */
  readonly socket: string;
}

/** State `LISTEN` in /proc/net/tcp, and the flag of a listening socket in /proc/net/unix (`__SO_ACCEPTCON`). */
const TCP_LISTEN = '0A';
const UNIX_LISTEN = 0x10000;

/** Who listens on one of `ports` (TCP). Only the network namespace of this process is seen. */
export function listenersAt(ports: ReadonlySet<number>): Listener[] {
  return ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((table) =>
    linesOf(table).flatMap((line) => tcpListener(line, ports)),
  );
}

/** Sockets of a Dovecot in its usual directory: one that runs may have no port open and still deliver. */
export function dovecotSockets(): Listener[] {
  return linesOf('/proc/net/unix').flatMap((line) => unixListener(line, /^(\/var)?\/run\/dovecot\//));
}

/** Lines of a table of the kernel; one that is missing (no IPv6) has none. */
function linesOf(table: string): string[] {
  try {
    return fs.readFileSync(table, 'latin1').split('\n').slice(1);
  } catch {
    return [];
  }
}

function tcpListener(line: string, ports: ReadonlySet<number>): Listener[] {
  const [, local = '', , state, , , , , , socket = ''] = line.trim().split(/\s+/);
  const [address = '', portText = ''] = local.split(':');
  const port = Number.parseInt(portText, 16);
  return state === TCP_LISTEN && ports.has(port) ? [{ where: `${addressOf(address)}:${port}`, socket }] : [];
}

/** A line of /proc/net/unix whose socket has a path that fits, and takes connections. */
export function unixListener(line: string, wanted: RegExp): Listener[] {
  const [, , , flags = '', , , socket = '', path = ''] = line.trim().split(/\s+/);
  const listens = (Number.parseInt(flags, 16) & UNIX_LISTEN) !== 0;
  return listens && wanted.test(path) ? [{ where: printable(path), socket }] : [];
}

/** An address as the kernel prints it: words of 32 bits, each in the byte order of the host. */
function addressOf(hex: string): string {
  const words = hex.match(/.{8}/g) ?? [];
  const bytes = words.flatMap((word) => {
    const four = [...Buffer.from(word, 'hex')];
    return os.endianness() === 'LE' ? four.reverse() : four;
  });
  if (bytes.length === 4) return bytes.join('.');
  if (bytes.every((byte) => byte === 0)) return '[::]';
  const groups = Array.from({ length: 8 }, (_, i) => ((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0));
  return `[${groups.map((group) => group.toString(16)).join(':')}]`;
}
