/** `/home/./alice/` of old chroots as `/home/alice`; no absolute path: none. */
export function cleanHome(home: string): string | undefined {
  const parts = home.split('/').filter((part) => part !== '' && part !== '.');
  return home.startsWith('/') && !parts.includes('..') ? `/${parts.join('/')}` : undefined;
}

/** A home whose last part is the name, or its part before the `@` below its domain, is like that of others. */
export function asTemplate(home: string, name: string): string {
  const at = name.indexOf('@');
  const parts = home.split('/');
  const last = parts.length - 1;
  if (parts[last] === escaped(name)) parts[last] = '%u';
  else if (at > 0 && parts[last] === escaped(name.slice(0, at))) parts[last] = '%n';
  if (at > 0 && parts[last - 1] === escaped(name.slice(at + 1))) parts[last - 1] = '%d';
  return parts.join('/');
}

/** A literal text where variables are looked for. */
export function escaped(text: string): string {
  return text.replaceAll('%', '%%');
}
