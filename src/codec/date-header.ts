/** The zones that the language's parser knows, at the end of a text. What has none it would read as time of this machine. */
const ZONE =
  /(?::\d\d(?:\.\d+)?\s*|\s|(?<![a-z])(?:GMT|UTC))[+-]\d\d:?\d\d$|\b(?:GMT|UTC?|[ECMP][SD]T)$|\dZ$/i;

/**
 * The value of a Date field (RFC 5322, section 3.3, and its obsolete forms) as seconds since 1970.
 *
 * Used only where a message has no other date. Comments are dropped; the rest is what the language's own parser
 * accepts, which covers RFC 5322 with numeric and US zones; a date without a zone is taken as UTC.
 *
 * @returns `undefined` for what is no date
 */
export function parseDateHeader(value: string): number | undefined {
  const text = value
    .replace(/\([^()]*\)/g, ' ')
    .replace(/\(.*$/s, '')
    .trim();
  if (text.length > 128 || !/\d:\d\d/.test(text)) return undefined;
  const milliseconds = Date.parse(ZONE.test(text) ? text : `${text} +0000`);
  return Number.isNaN(milliseconds) ? undefined : Math.floor(milliseconds / 1000);
}
