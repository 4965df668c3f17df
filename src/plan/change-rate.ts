import { changesOf, type PassEntry } from '../core/history.ts';
import { type Factors, spread } from './fit.ts';

/** How fast an account changes, from the passes recorded so far. */

/** A pass that found what had changed since the one before, and how many hours lay between their beginnings. */
export interface LaterPass {
  readonly pass: PassEntry;
  readonly hours: number;
}

/** Passes that rates are taken from: the last month of nightly ones. */
const RECENT = 30;
/** Clocks of passes that follow at once, or go backwards, are taken to be this far apart: a second. */
const SHORTEST_HOURS = 1 / 3600;

/**
 * The later passes, at most the last thirty. One that added more than half of the mail brought the account over: it says
 * nothing of what changes from day to day.
 */
export function laterPasses(history: readonly PassEntry[]): LaterPass[] {
  const passes = history.filter(({ command }) => command !== 'verify');
  const later = passes.slice(1).map((pass, i) => ({ pass, hours: hoursBetween(passes[i] ?? pass, pass) }));
  return later.filter(({ pass: { totals } }) => totals.added * 2 <= totals.messages).slice(-RECENT);
}

function hoursBetween(before: PassEntry, pass: PassEntry): number {
  const ms = Date.parse(pass.started) - Date.parse(before.started);
  return Math.max(SHORTEST_HOURS, ms / 3_600_000);
}

/** A mailbox that changes. */
interface Changing {
  readonly mailbox: string;
  /** Bytes read when it had changed last. */
  readonly size: number;
  /** Changed messages per hour. */
  readonly perHour: number;
}

/** Changes per hour of an account; `low` and `high` are the factors of calm and busy times. */
export interface ChangeRate extends Factors {
  readonly mailboxes: readonly Changing[];
  /** Of mailboxes that the history does not name: as many are read per hour, and so many bytes. */
  readonly more: { readonly mailboxes: number; readonly read: number };
  /** Messages that will have to be compared, and their bytes. */
  readonly messages: number;
  readonly bytes: number;
  /** Of the whole account: nothing can be read that is not there. */
  readonly all: { readonly mailboxes: number; readonly bytes: number };
}

export function changeRate(history: readonly PassEntry[]): ChangeRate {
  const later = laterPasses(history);
  const hours = later.reduce((sum, one) => sum + one.hours, 0);
  const perHour = (of: (pass: PassEntry) => number) =>
    hours === 0 ? 0 : later.reduce((sum, { pass }) => sum + of(pass), 0) / hours;
  const { totals } = history.findLast(({ command }) => command !== 'verify') ?? {};
  const size = totals !== undefined && totals.messages > 0 ? totals.bytes / totals.messages : 0;
  const marked = (pass: PassEntry) => pass.totals.reflagged + pass.totals.renumbered;
  const changes = perHour(({ totals }) => changesOf(totals));
  return {
    mailboxes: changing(later, hours),
    more: { mailboxes: perHour(({ more }) => more.mailboxes), read: perHour(({ more }) => more.read) },
    messages: perHour((pass) => pass.totals.added + marked(pass)),
    bytes: perHour((pass) => pass.written + marked(pass) * size),
    all: { mailboxes: totals?.mailboxes ?? 0, bytes: totals?.bytes ?? 0 },
    ...spread(changes === 0 ? [] : later.map((one) => changesOf(one.pass.totals) / one.hours / changes)),
  };
}

/** A spool that was read without a changed message counts as one change: it had been touched. */
function changing(later: readonly LaterPass[], hours: number): Changing[] {
  const found = new Map<string, { size: number; changes: number }>();
  for (const { pass } of later) {
    for (const change of pass.mailboxes) {
      const known = found.get(change.mailbox);
      const changes = (known?.changes ?? 0) + Math.max(1, changesOf(change));
      found.set(change.mailbox, { size: change.read, changes });
    }
  }
  return [...found].map(([mailbox, { size, changes }]) => ({ mailbox, size, perHour: changes / hours }));
}

/** What will probably have changed. */
export interface Expected {
  readonly mailboxes: number;
  /** Bytes of spools to be read. */
  readonly read: number;
  /** Messages to be compared, and their bytes. */
  readonly messages: number;
  readonly bytes: number;
}

/**
 * What changes within `hours` when changes come independently of each other at the rates found, times `factor`: a mailbox
 * is read once, however many of its messages have changed.
 */
export function expectedChange(rate: ChangeRate, hours: number, factor: number): Expected {
  const time = hours * factor;
  let mailboxes = rate.more.mailboxes * time;
  let read = rate.more.read * time;
  for (const { size, perHour } of rate.mailboxes) {
    const probability = 1 - Math.exp(-perHour * time);
    mailboxes += probability;
    read += probability * size;
  }
  return {
    mailboxes: Math.min(rate.all.mailboxes, mailboxes),
    read: Math.min(rate.all.bytes, read),
    messages: rate.messages * time,
    bytes: rate.bytes * time,
  };
}

/** A mailbox that changed in at least half of the later passes. */
export interface Hot {
  readonly mailbox: string;
  /** In so many of `passes` it changed. */
  readonly changed: number;
  readonly passes: number;
  /** Messages added, reflagged, renumbered or removed per day. */
  readonly perDay: number;
}

/** The hot mailboxes, those with the most changes per day first. Of fewer than two later passes nothing can be told. */
export function hotMailboxes(history: readonly PassEntry[]): Hot[] {
  const later = laterPasses(history);
  if (later.length < 2) return [];
  const hours = later.reduce((sum, one) => sum + one.hours, 0);
  const found = new Map<string, { changed: number; changes: number }>();
  for (const { pass } of later) {
    for (const change of pass.mailboxes) {
      const changes = changesOf(change);
      if (changes === 0) continue;
      const known = found.get(change.mailbox) ?? { changed: 0, changes: 0 };
      found.set(change.mailbox, { changed: known.changed + 1, changes: known.changes + changes });
    }
  }
  return [...found]
    .map(([mailbox, { changed, changes }]) => ({
      mailbox,
      changed,
      passes: later.length,
      perDay: (changes / hours) * 24,
    }))
    .filter(({ changed, passes }) => changed * 2 >= passes)
    .sort((a, b) => b.perDay - a.perDay || (a.mailbox < b.mailbox ? -1 : 1));
}
