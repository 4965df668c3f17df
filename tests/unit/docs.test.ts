import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ERROR_CODES } from '../../src/core/errors.ts';

/** Holds the documents against the code, so that neither changes without the other. */

const ROOT = join(import.meta.dirname, '../..');

function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

const SOURCES = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => ({ name, text: read(`src/${name}`) }));

const EVENTS = read('src/core/events.ts');
const JSON_DOC = read('docs/json.md');

/** The text below a heading, up to the next one of the same or a higher level. */
function section(doc: string, title: string): string {
  const [, marks = '', below = ''] = new RegExp(`^(#+) ${title}\\n([\\s\\S]*)`, 'm').exec(doc) ?? [];
  return below.split(new RegExp(`^#{1,${marks.length}} `, 'm'))[0] ?? '';
}

/** First cells of a section's table rows, without backquotes, to the cells behind them. */
function rows(text: string): Map<string, string[]> {
  const cells = text.split('\n').map((line) => line.split('|').map((cell) => cell.trim()));
  return new Map(
    cells.flatMap(([before, first = '', ...rest]) =>
      before === '' && first.startsWith('`') ? [[first.replaceAll(/[`?]/g, ''), rest]] : [],
    ),
  );
}

const isErrorCode = (word: string) => Object.hasOwn(ERROR_CODES, word);

/**
 * Codes of remarks in the source, with the severity where it stands beside them: every literal with an underscore that is
 * no error code, and whatever follows a severity.
 */
function remarkCodes(): Map<string, string | undefined> {
  const codes = new Map<string, string | undefined>();
  for (const { text } of SOURCES) {
    for (const [, word = ''] of text.matchAll(/'([A-Z]+(?:_[A-Z]+)+)'/g)) {
      if (!isErrorCode(word) && !codes.has(word)) codes.set(word, undefined);
    }
    const beside = /'(note|finding)',\s*(?:code: )?'([A-Z_]+)'/g;
    for (const [, severity, word = ''] of text.matchAll(beside)) codes.set(word, severity);
  }
  return codes;
}

/** Events with their fields, from the interfaces of events.ts. */
function eventFields(): Map<string, Map<string, boolean>> {
  const events = new Map<string, Map<string, boolean>>();
  for (const [, body = ''] of EVENTS.matchAll(/^(?:export )?interface \w+Event \{\n([\s\S]*?)^\}/gm)) {
    const fields = [...body.matchAll(/^ {2}readonly (\w+)(\??):/gm)];
    const name = /readonly event: '(\w+)'/.exec(body)?.[1] ?? '';
    events.set(
      name,
      new Map(
        fields.flatMap(([, field = '', optional]) => (field === 'event' ? [] : [[field, optional === '?']])),
      ),
    );
  }
  return events;
}

/** `` `a`, `b`? `` and the like as field names, with whether they may be missing. */
function documentedFields(text: string): Map<string, boolean> {
  const firstCells = text
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.split('|')[1] ?? '');
  const found = firstCells.flatMap((cell) => [...cell.matchAll(/`(\w+)`(\??)/g)]);
  return new Map(found.map(([, field = '', optional]) => [field, optional === '?']));
}

test('json.md lists every error code with its exit status, and no other', () => {
  const documented = rows(section(JSON_DOC, 'Codes of failures'));
  const exits = [...documented].map(([code, [exit]]) => [code, Number(exit)]);
  expect(Object.fromEntries(exits)).toEqual(ERROR_CODES);
});

test('json.md lists every code of a remark, and no other', () => {
  const documented = rows(section(JSON_DOC, 'Codes of remarks'));
  const codes = remarkCodes();
  // SOURCE_MOVED is both: an error, and the remark of a spool that only grew.
  expect([...documented.keys()].sort()).toEqual([...codes.keys()].sort());
  expect(codes.size).toBeGreaterThan(10);
});

test('json.md gives every remark its severity', () => {
  const documented = rows(section(JSON_DOC, 'Codes of remarks'));
  const known = [...remarkCodes()].filter(([, severity]) => severity !== undefined);
  expect(known.length).toBeGreaterThan(5);
  for (const [code, severity] of known) expect([code, documented.get(code)?.[0]]).toEqual([code, severity]);
  for (const [code, [severity]] of documented)
    expect([code, severity]).toEqual([code, expect.stringMatching(/^(note|finding)$/)]);
});

test('json.md lists every event with its fields, and no other', () => {
  const events = eventFields();
  const union = [...EVENTS.matchAll(/^ {2}\| \w+Event/gm)];
  expect(events.size).toBe(union.length);
  const titles = [...section(JSON_DOC, 'Events').matchAll(/^### (\w+)$/gm)].map(([, title]) => title);
  expect(titles).toEqual([...events.keys()]);
  for (const [name, fields] of events) {
    if (name === 'progress') continue; // never written; its one field is told in prose
    expect([name, Object.fromEntries(documentedFields(section(JSON_DOC, name)))]).toEqual([
      name,
      Object.fromEntries(fields),
    ]);
  }
});

test('json.md lists every total', () => {
  const body = /^(?:export )?interface Totals \{\n([\s\S]*?)^\}/m.exec(EVENTS)?.[1] ?? '';
  const totals = [...body.matchAll(/readonly (\w+):/g)].map(([, field]) => field);
  expect(totals.length).toBeGreaterThan(5);
  const row = rows(section(JSON_DOC, 'end')).get('totals')?.join(' ') ?? '';
  expect([...row.matchAll(/`(\w+)`/g)].map(([, field]) => field)).toEqual(totals);
});

test('what the source cites of the documents is there', () => {
  // A citation may go on behind a line break in a comment.
  const citation = /docs\/([\w-]+\.md)(?:,[\s*]+"([^"]+)")?/g;
  const cited = SOURCES.flatMap(({ name, text }) =>
    [...text.matchAll(citation)].map(([, file = '', title]) => ({
      name,
      file,
      title: title?.replaceAll(/[\s*]+/g, ' '),
    })),
  );
  expect(cited.length).toBeGreaterThan(15);
  const headings = new Map<string, Set<string>>();
  const headingsOf = (file: string) => {
    const known =
      headings.get(file) ??
      new Set([...read(`docs/${file}`).matchAll(/^#+ (.*)$/gm)].map(([, title]) => title ?? ''));
    headings.set(file, known);
    return known;
  };
  const missing = cited.filter(({ file, title }) => title !== undefined && !headingsOf(file).has(title));
  expect(missing).toEqual([]);
  for (const { file } of cited) headingsOf(file);
});
