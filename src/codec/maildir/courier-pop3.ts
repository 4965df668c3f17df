/**
 * Courier's `courierpop3dsizelist`: what its POP3 server showed of INBOX (docs/formats.md, "POP3 UIDLs"). Text is latin1, one
 * char per byte, lines without their LF.
 */

/** Whether a list is of a version whose UIDLs Courier still reads; by its first line. */
export function isCourierPop3Header(line: string): boolean {
  return /^\/[23] \d+ \d+$/.test(line);
}

/** A line behind the first: the base name of a message, and the UIDL that Courier showed. */
export function parseCourierPop3Line(
  line: string,
): { readonly base: string; readonly uidl: string } | undefined {
  const [, name, number, validity] = /^(.+) \d+ (\d+):(\d+)(?::\d+)?$/s.exec(line) ?? [];
  const base = name?.split(':', 1)[0] ?? '';
  if (base === '' || number === undefined || validity === undefined) return undefined;
  if (/^0+$/.test(number)) return { base, uidl: escapeBase(base) };
  return { base, uidl: /^0+$/.test(validity) ? `UID${number}` : `UID${number}-${validity}` };
}

/** The UIDL of a message that had none in the list of an older version. */
function escapeBase(base: string): string {
  return base.replace(
    /[^!-~]|['"+]/gs,
    (char) => `+${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
}
