import { ImapError } from './imap-client.ts';
import { asDelivered, drawInternalDate, drawMail } from './model-mail.ts';
import { FULL, type ModelSource, quote } from './model-source.ts';
import type { Random } from './random.ts';

/** What happens to the source between two passes: the steps of the model test, one random step at a time. */

const NAMES = [
  'Sent',
  'Work',
  'a b',
  'v1.2',
  'Entw&APw-rfe',
  'Archive/2001',
  'Archive/2002',
  'Old/x',
] as const;
const PARENTS = ['Archive', 'Old', 'Past'] as const;
const FLAGS = ['\\Seen', '\\Answered', '\\Flagged', '\\Draft', '\\Deleted'] as const;
const KEYWORDS = ['Work', '$Forwarded', 'NonJunk', '$Label1', 'WORK'] as const;

/** A mailbox with mail that no step touches. */
export const STEADY = 'Steady';

export interface StepContext {
  readonly source: ModelSource;
  readonly random: Random;
  /** Names that may not be used for a mailbox again. */
  readonly spent: ReadonlySet<string>;
  /** A subject that no mail had yet. */
  label(): string;
  /** The name is given up: its mailbox is deleted or renamed. */
  left(name: string): void;
}

/** Does the step, and says what it did; `undefined` where nothing was to be done. */
type Step = (context: StepContext) => Promise<string | undefined>;

/** With the weights by which they are drawn. */
const STEPS = {
  append: [50, append],
  flags: [50, storeFlags],
  keywords: [30, storeKeywords],
  exchange: [25, exchange],
  expunge: [30, expunge],
  empty: [5, empty],
  copy: [20, (context) => copy(context, 'COPY')],
  move: [10, (context) => copy(context, 'MOVE')],
  deliver: [40, deliver],
  create: [25, create],
  rename: [14, rename],
  renameParent: [8, renameParent],
  delete: [12, remove],
  subscribe: [10, subscribe],
  unsubscribe: [7, unsubscribe],
  relogin: [7, relogin],
} as const satisfies Record<string, readonly [number, Step]>;

export type StepKind = keyof typeof STEPS;
export const STEP_KINDS = Object.keys(STEPS) as readonly StepKind[];

/** A step, drawn by weight. */
export async function takeStep(context: StepContext): Promise<{ kind: StepKind; did: string } | undefined> {
  const tickets = STEP_KINDS.flatMap((kind) => Array.from({ length: STEPS[kind][0] }, () => kind));
  const kind = context.random.pick(tickets as [StepKind, ...StepKind[]]);
  const did = await STEPS[kind][1](context);
  return did === undefined ? undefined : { kind, did: `${kind} ${did}` };
}

/** Some empty mailboxes, and the one that no step touches: two messages, one with a keyword, and a subscription. */
export async function makeAccount(context: StepContext): Promise<void> {
  const { source, random, label } = context;
  for (let left = random.below(4); left > 0; left--) await create(context);
  await source.command(`CREATE ${STEADY}`);
  source.names.add(STEADY);
  for (const flags of ['\\Seen Work', ''])
    await appendMail(source, STEADY, flags, `Subject: ${label()}\n\nsteady\n`);
  await source.command(`SUBSCRIBE ${STEADY}`);
}

async function append(context: StepContext): Promise<string | undefined> {
  const { source, random, label } = context;
  const name = drawMailbox(context);
  if ((await source.select(name)).length >= FULL) return undefined;
  const flags = [
    ...(random.chance(0.5) ? random.some(FLAGS) : []),
    ...(random.chance(0.3) ? random.some(KEYWORDS) : []),
  ];
  const subject = label();
  await appendMail(
    source,
    name,
    flags.join(' '),
    drawMail(random, subject),
    random.chance(0.8) ? drawInternalDate(random) : '',
  );
  return `${name} (${flags.join(' ')}) ${subject}`;
}

async function appendMail(
  source: ModelSource,
  name: string,
  flags: string,
  mail: string,
  date = '',
): Promise<void> {
  const wire = mail.replaceAll('\n', '\r\n');
  await source.command(
    `APPEND ${quote(name)} (${flags}) ${date}${date === '' ? '' : ' '}{${wire.length}+}\r\n${wire}`,
  );
}

function storeFlags(context: StepContext): Promise<string | undefined> {
  return store(context, FLAGS);
}

function storeKeywords(context: StepContext): Promise<string | undefined> {
  return store(context, KEYWORDS);
}

async function store(context: StepContext, flags: readonly string[]): Promise<string | undefined> {
  const { random, source } = context;
  const drawn = await drawMessages(context);
  if (drawn === undefined) return undefined;
  const what = `${random.pick(['+FLAGS', '+FLAGS', '-FLAGS', 'FLAGS'])} (${random.some(flags).join(' ')})`;
  await source.command(`UID STORE ${drawn.uids} ${what}`);
  return `${drawn.name} ${drawn.uids} ${what}`;
}

/** One keyword of each message for another, as many as before. */
async function exchange(context: StepContext): Promise<string | undefined> {
  const { source, random } = context;
  const name = drawMailbox(context);
  if ((await source.select(name)).length === 0) return undefined;
  const keyword = random.pick(KEYWORDS);
  const have: string[] = [];
  await source.command(`UID SEARCH KEYWORD ${keyword}`, ([kind, ...uids]) => {
    if (kind === 'SEARCH') have.push(...uids.map(String));
  });
  if (have.length === 0) return undefined;
  const uids = random.some(have).join();
  await source.command(`UID STORE ${uids} -FLAGS (${keyword})`);
  await source.command(`UID STORE ${uids} +FLAGS (${keyword}2)`);
  return `${name} ${uids} ${keyword}`;
}

async function expunge(context: StepContext): Promise<string | undefined> {
  const drawn = await drawMessages(context);
  if (drawn === undefined) return undefined;
  const { source, random } = context;
  await source.command(`UID STORE ${drawn.uids} +FLAGS.SILENT (\\Deleted)`);
  const how = random.chance(0.5) ? 'EXPUNGE' : `UID EXPUNGE ${drawn.uids}`;
  await source.command(how);
  return `${drawn.name} ${drawn.uids} ${how}`;
}

async function empty(context: StepContext): Promise<string | undefined> {
  const name = drawMailbox(context);
  if ((await context.source.select(name)).length === 0) return undefined;
  await context.source.command('UID STORE 1:* +FLAGS.SILENT (\\Deleted)');
  await context.source.command('EXPUNGE');
  return name;
}

/** Never to the mailbox itself: Dovecot 2.3.19 then fails at its own index of an mbox ("Append with UID 5, but next_uid = 6"). */
async function copy(context: StepContext, how: 'COPY' | 'MOVE'): Promise<string | undefined> {
  const to = drawMailbox(context);
  if ((await context.source.select(to)).length >= FULL) return undefined;
  const drawn = await drawMessages(context);
  if (drawn === undefined || drawn.name === to) return undefined;
  const what = `${drawn.name} ${drawn.uids} to ${to}`;
  try {
    await context.source.command(`UID ${how} ${drawn.uids} ${quote(to)}`);
  } catch (error) {
    // Where Dovecot's cache has a wrong size for an mbox's message, it fails; the client is told, and nothing is done.
    if (!(error instanceof ImapError) || !error.message.includes('NO [SERVERBUG]')) throw error;
    return `${what}, refused`;
  }
  return what;
}

async function deliver({ source, random, label }: StepContext): Promise<string | undefined> {
  if ((await source.select('INBOX')).length >= FULL) return undefined;
  const subjects = Array.from({ length: 1 + random.below(3) }, label);
  await source.deliver(subjects.map((subject) => asDelivered(random, drawMail(random, subject))));
  return subjects.join(', ');
}

async function create(context: StepContext): Promise<string | undefined> {
  const name = drawFreeName(context);
  if (name === undefined) return undefined;
  await context.source.command(`CREATE ${quote(name)}`);
  context.source.names.add(name);
  return name;
}

async function rename(context: StepContext): Promise<string | undefined> {
  const [from, to] = [drawOther(context), drawFreeName(context)];
  if (from === undefined || to === undefined) return undefined;
  await context.source.unselect();
  await context.source.command(`RENAME ${quote(from)} ${quote(to)}`);
  context.source.names.delete(from);
  context.source.names.add(to);
  context.left(from);
  return `${from} to ${to}`;
}

/** All mailboxes below a level move with it. */
async function renameParent(context: StepContext): Promise<string | undefined> {
  const { source, random, spent } = context;
  const [from, to] = [random.pick(PARENTS), random.pick(PARENTS)];
  const below = (parent: string) => [...source.names].filter((name) => name.startsWith(`${parent}/`));
  const moved = below(from).map((name) => [name, name.replace(from, to)] as const);
  if (moved.length === 0 || below(to).length > 0 || moved.some(([, name]) => spent.has(name)))
    return undefined;
  await source.unselect();
  // A level whose mailboxes are gone may be there still, and then be in the way.
  if ((await source.levels()).includes(to)) await source.command(`DELETE ${to}`);
  await source.command(`RENAME ${from} ${to}`);
  for (const [old, name] of moved) {
    source.names.delete(old);
    source.names.add(name);
    context.left(old);
  }
  return `${from} to ${to}`;
}

async function remove(context: StepContext): Promise<string | undefined> {
  const name = drawOther(context);
  if (name === undefined) return undefined;
  await context.source.unselect();
  await context.source.command(`DELETE ${quote(name)}`);
  context.source.names.delete(name);
  context.left(name);
  return name;
}

async function subscribe({ source, random }: StepContext): Promise<string> {
  const name = random.pick(['INBOX', ...source.names]);
  await source.command(`SUBSCRIBE ${quote(name)}`);
  return name;
}

async function unsubscribe({ source, random }: StepContext): Promise<string | undefined> {
  const [first, ...more] = (await source.subscriptions()).filter((name) => name !== STEADY);
  if (first === undefined) return undefined;
  const name = random.pick([first, ...more]);
  await source.command(`UNSUBSCRIBE ${quote(name)}`);
  return name;
}

async function relogin({ source }: StepContext): Promise<string> {
  await source.logout();
  return '';
}

/** INBOX in half of all cases. */
function drawMailbox(context: StepContext): string {
  return context.random.chance(0.5) ? 'INBOX' : (drawOther(context) ?? 'INBOX');
}

function drawOther({ source, random }: StepContext): string | undefined {
  const [first, ...more] = [...source.names].filter((name) => name !== STEADY).sort();
  return first === undefined ? undefined : random.pick([first, ...more]);
}

function drawFreeName({ source, random, spent }: StepContext): string | undefined {
  const [first, ...more] = NAMES.filter((name) => !source.names.has(name) && !spent.has(name));
  return first === undefined ? undefined : random.pick([first, ...more]);
}

/** Some messages of a mailbox, which is then selected. */
async function drawMessages(context: StepContext): Promise<{ name: string; uids: string } | undefined> {
  const name = drawMailbox(context);
  const uids = await context.source.select(name);
  return uids.length === 0 ? undefined : { name, uids: context.random.some(uids).join() };
}
