import { SpoolsyncError } from '../core/errors.ts';
import { printable, toNameBytes } from '../io/names.ts';

/** Of the wrong kind, unknown, or impossible together with something else: `CONFIG_INVALID`. */
export function invalidConfig(place: string, message: string, advice: string): SpoolsyncError {
  return new SpoolsyncError('CONFIG_INVALID', `the configuration cannot be used: ${message}`, {
    place,
    advice,
  });
}

/** Runs `read`; what it refuses as wrong usage is refused as part of the configuration, at `place`. */
export function within<T>(place: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof SpoolsyncError) || !['USAGE', 'LOCATION_INVALID'].includes(error.code))
      throw error;
    throw invalidConfig(place, error.message, error.advice);
  }
}

const EXAMPLES = {
  'a text': '"text" in quotes',
  'a list of texts': '["one", "two"]',
  'a whole number': '1000',
  'a table': 'a [table] of its own',
} as const;

/** One table of a configuration: only known keys, each asked for by its type. Texts are handed out as latin1. */
export class ConfigTable {
  /** For messages. */
  readonly place: string;
  readonly #value: Readonly<Record<string, unknown>>;

  constructor(value: unknown, place: string, known: readonly string[]) {
    this.place = place;
    if (!isTable(value)) throw invalidConfig(place, 'it is no table', `write ${EXAMPLES['a table']}`);
    this.#value = value;
    const unknown = Object.keys(value).find((key) => !known.includes(key));
    if (unknown !== undefined) {
      const name = printable(toNameBytes(unknown));
      throw invalidConfig(place, `unknown key "${name}"`, `known here are: ${known.join(', ')}`);
    }
  }

  text(key: string): string | undefined {
    const value = this.#value[key];
    if (value === undefined) return undefined;
    if (typeof value === 'string' && value !== '' && !value.includes('\0')) return toNameBytes(value);
    throw this.#wrong(key, value === '' ? 'a text that is not empty' : 'a text', 'a text');
  }

  texts(key: string): string[] | undefined {
    const value = this.#value[key];
    if (value === undefined) return undefined;
    const isText = (one: unknown) => typeof one === 'string' && one !== '' && !one.includes('\0');
    if (Array.isArray(value) && value.every(isText)) return (value as string[]).map(toNameBytes);
    throw this.#wrong(key, 'a list of texts that are not empty', 'a list of texts');
  }

  count(key: string): number | undefined {
    const value = this.#value[key];
    if (value === undefined) return undefined;
    if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number;
    throw this.#wrong(key, 'a whole number, not below 0', 'a whole number');
  }

  /** The keys (latin1) and values of a table in this one; none where it is missing. */
  entries(key: string): [string, unknown][] {
    const value = this.#value[key] ?? {};
    if (isTable(value)) return Object.entries(value).map(([name, one]) => [toNameBytes(name), one]);
    throw this.#wrong(key, 'a table', 'a table');
  }

  #wrong(key: string, what: string, kind: keyof typeof EXAMPLES): SpoolsyncError {
    return invalidConfig(this.place, `"${key}" must be ${what}`, `write ${EXAMPLES[kind]}`);
  }
}

function isTable(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}
