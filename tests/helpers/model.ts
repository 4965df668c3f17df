import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { RunEvent } from '../../src/core/events.ts';
import { snapshot } from './account.ts';
import { convert, final, type TestResult, type TestRun, verify } from './convert.ts';
import { workDir } from './dovecot.ts';
import type { JudgedMailbox, JudgedMessage } from './imap-view.ts';
import { asDelivered, drawMail } from './model-mail.ts';
import { ModelSource } from './model-source.ts';
import { makeAccount, type StepContext, type StepKind, takeStep } from './model-steps.ts';
import { ModelTarget } from './model-target.ts';
import { Random } from './random.ts';
import { TAMPER_KINDS, type TamperKind, tamper } from './tamper.ts';

/**
 * The model test: an old server that is worked with, passes between, and at the end a last pass; then both servers must
 * show the same. One seed is one such story.
 */

/** What came of a seed. */
export interface ModelReport {
  readonly seed: number;
  /** All that should not be; empty if the seed holds. */
  readonly problems: readonly string[];
  /** The story, a line for each step. */
  readonly story: readonly string[];
  readonly kinds: ReadonlySet<StepKind | 'deliver target'>;
  /** Rows of the table of known differences that were needed. */
  readonly rows: ReadonlySet<string>;
  /** `undefined`: the story ended early, because Dovecot died on the source. */
  readonly tampered: TamperKind | undefined;
}

/** Stories delete freely. */
const ALL = { share: 1, atLeast: 0 };

/** Findings that the story itself gives reason for; anything else is a problem. */
const EXPECTED_FINDINGS = new Set(['INDEX_NEWER', 'MAILBOX_KEPT', 'FOREIGN_RENUMBERED']);

export async function runModel(seed: number): Promise<ModelReport> {
  const model = new Model(seed);
  try {
    await model.run();
  } catch (error) {
    if (await model.endedEarly()) return model;
    model.problems.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
  } finally {
    await model.close();
  }
  return model;
}

class Model implements ModelReport {
  readonly seed: number;
  readonly problems: string[] = [];
  readonly story: string[] = [];
  readonly kinds = new Set<StepKind | 'deliver target'>();
  readonly rows = new Set<string>();
  tampered: TamperKind | undefined;
  readonly #random: Random;
  readonly #source: ModelSource;
  readonly #target: ModelTarget;
  readonly #run: TestRun;
  readonly #started = Math.floor(Date.now() / 1000);
  readonly #context: StepContext;
  readonly #spent = new Set<string>();
  /** The source's files as Dovecot reads them after the last pass. */
  #known = new Map<string, JudgedMailbox>();
  #mails = 0;
  #renamed = false;

  constructor(seed: number) {
    this.seed = seed;
    this.#random = new Random(seed);
    const base = workDir();
    const tz = this.#random.pick(['UTC', 'Europe/Helsinki']);
    this.#source = new ModelSource(base, tz);
    this.#target = new ModelTarget(base, tz);
    const { uid, gid } = statSync(base);
    const { root, inbox } = this.#source;
    const state = join(base, 'state');
    this.#run = { root, inbox, tz, target: this.#target.path, state, owner: { uid, gid }, maxRemove: ALL };
    this.#context = {
      source: this.#source,
      random: this.#random,
      spent: this.#spent,
      label: () => `mail ${++this.#mails}`,
      left: (name) => this.#leave(name),
    };
  }

  async run(): Promise<void> {
    const random = this.#random;
    await makeAccount(this.#context);
    if (random.chance(0.2)) await this.#deliverTarget('INBOX');
    for (let rounds = 1 + random.below(4); rounds >= 0; rounds--) {
      for (let steps = random.below(8); steps >= 0; steps--) await this.#step();
      await this.#pass(rounds === 0 ? final : convert);
      if (rounds > 0) await this.#between();
    }
    await this.#end();
  }

  /** Whether Dovecot died of a fault of its own on the source; then there is nothing more to tell. */
  async endedEarly(): Promise<boolean> {
    await this.#source.logout();
    return this.problems.length === 0 && this.#source.died();
  }

  async close(): Promise<void> {
    await this.#source.close();
    this.#target.dovecot.close();
  }

  async #step(): Promise<void> {
    const taken = await takeStep(this.#context);
    if (taken === undefined) return;
    this.kinds.add(taken.kind);
    this.story.push(taken.did);
  }

  /** A name whose folder holds foreign mail, which may stay there, is not used again. */
  #leave(name: string): void {
    this.#renamed = true;
    if (this.#target.reached.has(name)) this.#spent.add(name);
  }

  async #deliverTarget(name: string): Promise<void> {
    const subject = `foreign ${++this.#mails}`;
    this.kinds.add('deliver target');
    this.story.push(`deliver into the target's ${name}: ${subject}`);
    await this.#target.deliver(name, subject);
  }

  async #pass(pass: typeof final | typeof convert): Promise<void> {
    const { root, inbox } = this.#source;
    await this.#source.flush();
    await this.#deliverLate();
    // In the downtime the old server is off.
    if (pass === final) await this.#source.logout();
    const before = () => [root, inbox].map((place) => snapshot(place, ['mtime', 'ctime']));
    const source = before();
    const result = await pass(this.#run);
    this.story.push(`pass: ${brief(result)}`);
    if (before().join() !== source.join()) this.problems.push('the pass has changed the source');
    this.#judgeResult('pass', result);
    const view = await this.#source.files();
    this.#judgeCounts(result, view);
    this.#known = view;
    this.#renamed = false;
  }

  /** Mail that arrives between Dovecot's last look and the pass: it has no UID in the file yet. */
  async #deliverLate(): Promise<void> {
    // Where even UIDVALIDITY is in Dovecot's index alone, a pass cannot know what clients see, and says so.
    if (!this.#random.chance(0.3) || !this.#source.isNumbered('INBOX')) return;
    const subject = this.#context.label();
    this.story.push(`deliver late ${subject}`);
    await this.#source.deliver([asDelivered(this.#random, drawMail(this.#random, subject))]);
  }

  /** Between passes the target may be looked at, judged, get mail, or be passed over once more for nothing. */
  async #between(): Promise<void> {
    const random = this.#random;
    if (random.chance(0.25)) await this.#passForNothing();
    const names = this.#source.all();
    if (random.chance(0.3)) {
      const some = random.some(names);
      this.story.push(`look at the target's ${some}`);
      await this.#target.look(some, random.chance(0.7));
    }
    if (random.chance(0.5)) await this.#compare(random.pick(['in place', 'copy']));
    for (let left = random.below(3); left > 0; left--)
      await this.#deliverTarget(random.pick(['INBOX', ...names]));
  }

  /** Nothing has changed, so nothing may be written. */
  async #passForNothing(): Promise<void> {
    const look = () => snapshot(this.#target.path, ['ino', 'mtime']).join('\n');
    const before = look();
    const result = await convert(this.#run);
    this.story.push(`pass for nothing: ${brief(result)}`);
    this.#judgeResult('pass for nothing', result);
    if (look() !== before) this.problems.push('a pass without changes has written to the target');
  }

  async #end(): Promise<void> {
    await this.#verify();
    await this.#compare('in place');
    this.problems.push(...this.#target.dovecot.complaints());
    await this.#verify();
    if (this.problems.length > 0) return;
    const kind = TAMPER_KINDS[this.seed % TAMPER_KINDS.length] as TamperKind;
    this.tampered = kind;
    const sign = tamper(kind, this.#target.path, this.#random);
    const { events, exit } = await verify(this.#run);
    const noticed = events.some((event) => event.event === 'difference' && event.sign === sign);
    if (exit !== 3 || !noticed)
      this.problems.push(`verify does not notice ${kind}: exit ${exit}, ${JSON.stringify(events)}`);
  }

  async #verify(): Promise<void> {
    this.#judgeResult('verify', await verify(this.#run));
  }

  async #compare(where: 'in place' | 'copy'): Promise<void> {
    const { differences, rows } = await this.#target.compare(this.#source, where, this.#started);
    this.story.push(`compare ${where}: ${differences.length} differences`);
    this.problems.push(...differences);
    for (const row of rows) this.rows.add(row);
  }

  #judgeResult(what: string, { events, exit }: TestResult): void {
    const bad = events.filter(isBad);
    for (const event of bad) this.problems.push(`${what}: ${JSON.stringify(event)}`);
    const found = events.some((event) => event.event === 'remark' && event.severity === 'finding');
    if (bad.length === 0 && exit !== (found ? 3 : 0)) this.problems.push(`${what}: exit ${exit}`);
  }

  /** A pass does exactly what has changed: for each mailbox that still has its name and its UIDVALIDITY. */
  #judgeCounts({ events }: TestResult, view: ReadonlyMap<string, JudgedMailbox>): void {
    for (const event of events) {
      // A final pass tells of a mailbox once more when it has compared it.
      if (event.event !== 'mailbox' || event.equal !== undefined) continue;
      const [old, now] = [this.#known.get(event.mailbox), view.get(event.mailbox)];
      if (now === undefined || (old === undefined && this.#renamed)) continue;
      if (old !== undefined && old.uidValidity !== now.uidValidity) continue;
      const want = countChanges(old?.messages ?? [], now.messages);
      // To give a message another UID counts as one thing here, and as a removal and an addition there.
      const { added, removed, reflagged, renumbered = 0 } = event;
      const got = [added + renumbered, reflagged, removed + renumbered].join();
      if (got !== want)
        this.problems.push(`${event.mailbox}: added, reflagged, removed are ${got}, should be ${want}`);
    }
  }
}

/** Added, reflagged and removed messages. */
function countChanges(old: JudgedMailbox['messages'], now: JudgedMailbox['messages']): string {
  const marks = (messages: JudgedMailbox['messages']) =>
    new Map(messages.map((message) => [identity(message), `${message.flags} ${message.keywords}`]));
  const [before, after] = [marks(old), marks(now)];
  const added = [...after.keys()].filter((key) => !before.has(key)).length;
  const removed = [...before.keys()].filter((key) => !after.has(key)).length;
  const reflagged = [...after].filter(([key, marked]) => (before.get(key) ?? marked) !== marked).length;
  return [added, reflagged, removed].join();
}

/** Of a header alone a Dovecot that may not write shows the last line end, or not (row `header-only` of the table). */
function identity({ uid, sha256, body }: JudgedMessage): string {
  const text = body?.toString('latin1') ?? '';
  return `${uid} ${/(?:^|\r\n)\r\n/.test(text) ? sha256 : text.trimEnd()}`;
}

function isBad(event: RunEvent): boolean {
  if (event.event === 'remark') return event.severity === 'finding' && !EXPECTED_FINDINGS.has(event.code);
  return event.event === 'failure' || event.event === 'difference';
}

/** What a pass did, in short. */
function brief({ events }: TestResult): string {
  const done = events.flatMap((event) => {
    if (event.event !== 'mailbox' || event.added + event.reflagged + event.removed === 0) return [];
    return [`${event.mailbox} +${event.added} ~${event.reflagged} -${event.removed}`];
  });
  return done.join(', ') || 'nothing';
}
