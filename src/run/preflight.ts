import { SpoolsyncError } from '../core/errors.ts';
import type { RunEvent } from '../core/events.ts';
import { breathing } from '../io/breathe.ts';
import { checkWritable } from '../io/file-system.ts';
import { printable } from '../io/names.ts';
import { missingTools } from '../io/tools.ts';
import { averageMessage, roomFor } from '../plan/room.ts';
import { ClockWatch } from './clock-watch.ts';
import type { RunContext } from './context.ts';
import type { AccountPair } from './convert-account.ts';
import { emitFailure } from './failures.ts';
import { type AccountLook, lastPassOf, lookAtAccount, openSite, type Site } from './preflight-account.ts';
import { addAccountState, addFiles, addMailboxRoom, type Load, Loads } from './preflight-loads.ts';

export interface PreflightSettings {
  /** State directory (latin1). */
  readonly state: string;
  readonly now: () => Date;
}

/**
 * Before the first byte: whether the file systems have room for what the run will write, and take names of Maildirs.
 * Writes nothing. Too little is `TOO_LITTLE_ROOM`, a clock behind the last pass a finding. What is wrong with single
 * accounts their passes say.
 */
export async function checkRoom(
  context: RunContext,
  settings: PreflightSettings,
  pairs: readonly AccountPair[],
): Promise<void> {
  await new Preflight(context, settings, false).run(pairs);
}

/**
 * Only asks, and tells all of it: also whether everything can be read and written, whether names may hold a colon (tried
 * with an empty file), whether spools have dates ahead of the clock, which tools are missing.
 */
export async function runPreflight(
  context: RunContext,
  settings: PreflightSettings,
  pairs: readonly AccountPair[],
): Promise<void> {
  for (const { name, without } of missingTools()) {
    const message = `${name} is not there: ${without}`;
    context.emit({ event: 'remark', severity: 'note', code: 'TOOL_MISSING', message });
  }
  await new Preflight(context, settings, true).run(pairs);
}

/** Kept until all are seen: some hundred bytes for each mailbox of the run. */
interface Found {
  readonly load: Load;
  readonly look: AccountLook;
}

class Preflight {
  readonly #context: RunContext;
  readonly #settings: PreflightSettings;
  readonly #thorough: boolean;
  readonly #loads: Loads;
  readonly #clock: ClockWatch;

  constructor(context: RunContext, settings: PreflightSettings, thorough: boolean) {
    this.#context = context;
    this.#settings = settings;
    this.#thorough = thorough;
    this.#loads = new Loads(thorough);
    this.#clock = new ClockWatch(settings.now().getTime());
  }

  async run(pairs: readonly AccountPair[]): Promise<void> {
    const { emit, checkSignal } = this.#context;
    const found: Found[] = [];
    for await (const pair of breathing(pairs)) {
      checkSignal();
      found.push(...this.#tryLook(pair));
    }
    this.#addUp(found);
    this.#clock.tell(emit, this.#thorough);
    for (const event of this.#loads.events()) if (this.#thorough || !event.enough) emit(event);
    const faults = this.#loads.faults();
    const last = faults.pop();
    for (const fault of faults) emitFailure(emit, fault);
    if (last !== undefined) throw last;
  }

  /** An account that cannot be looked at counts for nothing. */
  #tryLook(pair: AccountPair): Found[] {
    try {
      return [this.#look(pair)];
    } catch (error) {
      if (!(error instanceof SpoolsyncError) || error.code === 'INTERNAL') throw error;
      if (this.#thorough) emitFailure(this.#context.emit, error, printable(pair.account.user));
      return [];
    }
  }

  #look(pair: AccountPair): Found {
    const site = openSite(pair.target);
    try {
      if (this.#thorough) checkWritable(site.dir);
      const load = this.#loads.target(site);
      const emit = (event: RunEvent) => {
        if (this.#thorough && isUnread(event)) this.#context.emit(event);
      };
      const look =
        this.#atRest(pair, site) ??
        lookAtAccount({ ...this.#context, emit }, this.#settings.state, pair, site);
      this.#clock.look(look);
      load.accounts++;
      return { load, look };
    } finally {
      site.dir.close();
    }
  }

  /** What an account grows by from one pass to the next is not asked for while there is room in plenty. */
  #atRest({ account }: AccountPair, { fileSystem }: Site): AccountLook | undefined {
    if (this.#thorough || !fileSystem.ample) return undefined;
    const lastPassNs = lastPassOf(this.#settings.state, account.user);
    if (lastPassNs === undefined) return undefined;
    return { mailboxes: [], directories: 0, youngest: undefined, lastPassNs };
  }

  #addUp(found: readonly Found[]): void {
    const state = this.#stateLoad();
    const average = averageMessage(found.flatMap(({ look }) => look.mailboxes));
    for (const { load, look } of found) {
      addFiles(load, look.directories);
      if (look.lastPassNs === undefined) addAccountState(state);
      for (const mailbox of look.mailboxes)
        addMailboxRoom(load, state, roomFor(mailbox, average, load.fileSystem.block));
    }
  }

  #stateLoad(): Load {
    const site = openSite(this.#settings.state);
    try {
      return this.#loads.state(site);
    } finally {
      site.dir.close();
    }
  }
}

/** What of a source will not be brought over; all else that opening it says belongs to a pass. */
function isUnread(event: RunEvent): boolean {
  return event.event === 'failure' || (event.event === 'remark' && event.code === 'NOT_READ');
}
