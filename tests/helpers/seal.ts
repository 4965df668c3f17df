import { toNameBytes } from '../../src/io/names.ts';
import { DEFAULT_MAX_REMOVE } from '../../src/plan/removals.ts';
import { withAccount } from '../../src/run/convert-account.ts';
import { sealAccount } from '../../src/run/seal.ts';
import { readSeal, writeSeal } from '../../src/run/seal-file.ts';
import { verifySeal } from '../../src/run/verify-seal.ts';
import { carryOut, type TestResult, type TestRun } from './convert.ts';

/** Seals what passes have made of an account. `path` is where the seal is written. */
export function seal(run: TestRun, path: string, forced: readonly string[] = []): Promise<TestResult> {
  return carryOut(run, async (context, pairs) => {
    const now = () => new Date(1e12);
    const settings = { state: toNameBytes(run.state), owner: undefined, now, maxRemove: DEFAULT_MAX_REMOVE };
    const manner = { merge: false, sealed: false };
    for (const pair of pairs) {
      await withAccount(context, { ...settings, dryRun: false }, pair, manner, async (open) => {
        const { root, state } = open.target;
        if (root === undefined || state === undefined) throw new Error('nothing to seal');
        const { user } = pair.account;
        const { checkSignal } = context;
        const input = { user, root, state, mailboxes: open.jobs.jobs, verified: 'all', checkSignal } as const;
        const accounts = [await sealAccount(input)];
        const begun = now().toISOString();
        const document = {
          spoolsync: '0',
          begun,
          sealed: begun,
          forced,
          from: 'mbox:x',
          to: 'maildir:y',
          accounts,
        };
        writeSeal(toNameBytes(path), document);
      });
    }
  });
}

/** Checks a copy of a target against a seal. Nothing of `run` but its target is looked at. */
export function checkSeal(
  run: Pick<TestRun, 'target'>,
  path: string,
  users: readonly string[] = [],
): Promise<TestResult> {
  const nowhere = { root: '/nonexistent', state: '/nonexistent', target: run.target };
  return carryOut(nowhere, (context) =>
    verifySeal(context, readSeal(toNameBytes(path)), toNameBytes(`maildir:${run.target}`), users),
  );
}
