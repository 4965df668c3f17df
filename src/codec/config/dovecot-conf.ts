/**
 * Configurations of Dovecot 1.x and 2.x as trees of sections, without their meaning (dovecot-mail.ts has that). Comments,
 * quotes and continued lines are taken as doveconf 2.3.19 takes them (observed; tests/judge/dovecot-conf.test.ts).
 */

/** Where something is written. */
export interface Place {
  /** As the reader calls the file; latin1. */
  readonly file: string;
  readonly line: number;
}

export interface ConfValue {
  readonly value: string;
  readonly place: Place;
}

export interface ConfSection {
  /** `namespace` of `namespace inbox {`; empty for the whole configuration. */
  readonly kind: string;
  readonly name: string;
  readonly place: Place;
  /** The last value of each key. */
  readonly settings: Map<string, ConfValue>;
  readonly sections: ConfSection[];
}

/** A file that a configuration includes. */
export interface IncludedFile {
  readonly file: string;
  readonly text: string;
}

/** Reads included files: `pattern` as written, maybe with `*` and `?`, in the file `from`. Never throws for what is missing. */
export type Include = (pattern: string, from: Place) => readonly IncludedFile[];

/** Files within files; Dovecot itself has no limit, a loop of files needs one. */
const MAX_DEPTH = 10;

export interface DovecotConf {
  readonly top: ConfSection;
  /** Lines that are none; what they hold is passed over. */
  readonly unclear: readonly Place[];
}

/** Reads a configuration with all that it includes. `text` is latin1. */
export function parseDovecotConf({ file, text }: IncludedFile, include: Include): DovecotConf {
  const top = newSection('', '', { file, line: 1 });
  const unclear: Place[] = [];
  readInto([top], file, text, include, unclear, 0);
  return { top, unclear };
}

function newSection(kind: string, name: string, place: Place): ConfSection {
  return { kind, name, place, settings: new Map(), sections: [] };
}

/** Reads one file into the innermost of the open sections. A file closes what it opens. */
function readInto(
  outer: readonly ConfSection[],
  file: string,
  text: string,
  include: Include,
  unclear: Place[],
  depth: number,
): void {
  const open = [...outer];
  for (const { words, line } of logicalLines(text)) {
    const place = { file, line };
    const current = open.at(-1);
    if (current === undefined) return;
    const [, includes = ''] = /^!include(?:_try)?\s+(.*)$/s.exec(words) ?? [];
    const [, kind, name = ''] = /^([^\s={}]+)(?:\s+([^=]*?))?\s*\{$/s.exec(words) ?? [];
    const [, key, value = ''] = /^([^\s={}]+)\s*=\s*(.*)$/s.exec(words) ?? [];
    if (includes !== '') {
      if (depth >= MAX_DEPTH) unclear.push(place);
      else
        for (const more of include(unquote(includes), place))
          readInto(open, more.file, more.text, include, unclear, depth + 1);
    } else if (words === '}') {
      if (open.length > outer.length) open.pop();
      else unclear.push(place);
    } else if (kind !== undefined) {
      const section = newSection(kind, unquote(name), place);
      current.sections.push(section);
      open.push(section);
    } else if (key !== undefined) current.settings.set(key, { value: unquote(value), place });
    else unclear.push(place);
  }
}

/** Lines without comments and blanks around them; one that ends in a backslash goes on in the next. */
function* logicalLines(text: string): Generator<{ readonly words: string; readonly line: number }> {
  let words = '';
  let first = 0;
  for (const [i, raw] of text.split('\n').entries()) {
    if (words === '') first = i + 1;
    const piece = withoutComment(raw).trim();
    const goesOn = piece.endsWith('\\');
    words = `${words} ${goesOn ? piece.slice(0, -1).trimEnd() : piece}`.trim();
    if (goesOn || words === '') continue;
    yield { words, line: first };
    words = '';
  }
  if (words !== '') yield { words, line: first };
}

/** A `#` begins a comment, but not within quotes that are closed. */
function withoutComment(line: string): string {
  for (let at = 0; at < line.length; at++) {
    const char = line[at];
    if (char === '#') return line.slice(0, at);
    if (char === '"' || char === "'") at = closing(line, at) ?? at;
  }
  return line;
}

/** Where the quote at `start` is closed. */
function closing(line: string, start: number): number | undefined {
  for (let at = start + 1; at < line.length; at++) {
    if (line[at] === '\\') at++;
    else if (line[at] === line[start]) return at;
  }
  return undefined;
}

function unquote(value: string): string {
  const isQuoted = /^["']/.test(value) && closing(value, 0) === value.length - 1;
  return isQuoted ? value.slice(1, -1).replace(/\\(.)/gs, '$1') : value;
}
