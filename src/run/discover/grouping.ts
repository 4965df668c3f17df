import { printable } from '../../io/names.ts';
import type { FoundSource } from '../../plan/config-file.ts';
import type { Placed } from './placing.ts';

/** Users whose places are alike become one source; who is the only one of his kind, an exception in another's. */
export function groupSources(placed: readonly Placed[]): FoundSource[] {
  const groups = groupBy(placed, ({ location }) => location);
  const byCandidate = groupBy([...groups.values()], ([first]) => first?.candidate.text ?? '');
  return [...byCandidate.values()].flatMap((alike) => {
    const sorted = [...alike].sort((a, b) => b.length - a.length);
    const [largest = [], ...others] = sorted;
    const single = others.filter(({ length }) => length === 1).flat();
    const several = others.filter(({ length }) => length > 1);
    return [[...largest, ...single], ...several].map((group) => sourceOf(group, largestLocation(group)));
  });
}

function largestLocation([first]: readonly Placed[]): string {
  return first?.location ?? '';
}

function sourceOf(group: readonly Placed[], from: string): FoundSource {
  const names = group.map(({ user }) => user.name).sort();
  const accounts = group.flatMap(({ user, location, own }): [string, string][] => {
    const other = own ?? (location === from ? undefined : location);
    return other === undefined ? [] : [[user.name, other]];
  });
  const reasons = group.flatMap(({ candidate, remarks, user }) => [
    candidate.reason,
    ...remarks.map(printable),
    ...user.homes,
  ]);
  const users = [...new Set(group.map(({ user }) => user.source))];
  return {
    from,
    users: names,
    accounts: new Map(accounts.sort(([a], [b]) => (a < b ? -1 : 1))),
    reasons: [...new Set(reasons), `users: ${users.slice(0, REASONS).join(', ')}`],
    files: sum(group.map(({ measured }) => measured.files)),
    bytes: sum(group.map(({ measured }) => measured.bytes)),
  };
}

/** Places of users that are named one by one; virtual ones may have a file each. */
const REASONS = 5;

function sum(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0);
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item)) ?? [];
    group.push(item);
    groups.set(keyOf(item), group);
  }
  return groups;
}
