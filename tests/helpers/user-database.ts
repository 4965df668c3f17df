import fs from 'node:fs';

/** A user of a made-up user database. */
export interface FakeUser {
  readonly name: string;
  readonly uid: number;
  readonly home: string;
}

/**
 * A `getent` whose users are `users`, in the directory `dir`; groups are the real ones. Returns the PATH with which
 * commands find it.
 */
export function fakeUserDatabase(dir: string, users: readonly FakeUser[]): string {
  fs.mkdirSync(dir, { recursive: true });
  const lines = users.map(({ name, uid, home }) => `${name}:x:${uid}:${uid}::${home}:/bin/sh\n`);
  fs.writeFileSync(`${dir}/passwd`, lines.join(''));
  const script = `#!/bin/sh
PATH=/usr/bin:/bin
[ "$1" = passwd ] || exec getent "$@"
[ -n "$2" ] || exec cat '${dir}/passwd'
exec awk -F: -v name="$2" '$1 == name { print; found = 1 } END { exit found ? 0 : 2 }' '${dir}/passwd'
`;
  fs.writeFileSync(`${dir}/getent`, script, { mode: 0o755 });
  return `${dir}:${process.env['PATH'] ?? ''}`;
}
