import type { ConfValue } from './dovecot-conf.ts';

/**
 * Parameters of a Postfix `main.cf` (postconf(5)): a line that begins with a blank goes on the one before, a `#` as the
 * first character that is no blank makes a comment, the last value of a name counts. `$name`, `${name}` and `$(name)` are
 * filled in where the file sets the name. `text` is latin1; `file` is for places.
 */
export function parseMainCf(text: string, file: string): Map<string, ConfValue> {
  const raw = new Map<string, ConfValue>();
  let key: string | undefined;
  for (const [i, line] of text.split('\n').entries()) {
    if (/^\s*(?:#|$)/.test(line)) continue;
    const [, name, value = ''] = /^([^\s=]+)\s*=\s*(.*)$/s.exec(line) ?? [];
    if (/^\s/.test(line)) {
      const before = key === undefined ? undefined : raw.get(key);
      if (key !== undefined && before !== undefined)
        raw.set(key, { ...before, value: `${before.value} ${line.trim()}`.trim() });
    } else {
      key = name;
      if (key !== undefined) raw.set(key, { value: value.trim(), place: { file, line: i + 1 } });
    }
  }
  return new Map([...raw].map(([name, { value, place }]) => [name, { value: filledIn(value, raw), place }]));
}

/** Parameters within parameters; more is a loop, or none of ours. */
const MAX_DEPTH = 5;

function filledIn(value: string, all: ReadonlyMap<string, ConfValue>, depth = 0): string {
  if (depth > MAX_DEPTH) return value;
  return value.replace(
    /\$(?:\{(\w+)\}|\((\w+)\)|(\w+))/g,
    (word, a?: string, b?: string, c?: string): string => {
      const known = all.get(a ?? b ?? c ?? '');
      return known === undefined ? word : filledIn(known.value, all, depth + 1);
    },
  );
}
