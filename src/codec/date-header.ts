/**
 * The value of a Date field (RFC 5322, section 3.3, and its obsolete forms) as seconds since 1970.
 *
 * Used only where a message has no other date. Comments are dropped; the rest is what the language's own parser
 * accepts, which covers RFC 5322 with numeric and US zones; a date without a zone is taken as UTC.
 *
 * @returns `undefined` for what is no date
 */
export function parseDateHeader(value: string): number | undefined {
  const text = value.replace(/\([^()]*\)/g, ' ').trim();
  if (text.length > 128 || !/\d:\d\d/.test(text)) return undefined;
  const zoned = /(?:[+-]\d{4}|\b[A-Z]{1,5})$/i.test(text) ? text : `${text} +0000`;
  const milliseconds = Date.parse(zoned);
  return Number.isNaN(milliseconds) ? undefined : Math.floor(milliseconds / 1000);
}
