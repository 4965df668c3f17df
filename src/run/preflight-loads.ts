import { SpoolsyncError } from '../core/errors.ts';
import type { PreflightEvent } from '../core/events.ts';
import { type FileSystem, holdsColon } from '../io/file-system.ts';
import { printable } from '../io/names.ts';
import { addRoom, type MailboxRoom, type Room } from '../plan/room.ts';
import type { Site } from './preflight-account.ts';

/** What a run asks of one file system. */
export interface Load {
  /** The first directory that was seen on it, printable. */
  readonly place: string;
  readonly fileSystem: FileSystem;
  accounts: number;
  messages: number;
  room: Room;
  /** Whether names may hold a colon, as far as that was asked. */
  colon: boolean;
}

/** Directories and files that an account has beside its folders: INBOX's are counted there. */
const STATE_FILES = 5;

/** The file systems of a run; targets and state that are on the same one are added up. */
export class Loads {
  readonly #byDev = new Map<bigint, Load>();
  readonly #tryColon: boolean;

  /** `tryColon`: whether a file may be made to find out. */
  constructor(tryColon: boolean) {
    this.#tryColon = tryColon;
  }

  /** The file system of a Maildir, or of what exists on the way to it. */
  target({ dir, fileSystem }: Site): Load {
    const known = this.#byDev.get(fileSystem.dev);
    if (known !== undefined) return known;
    const colon = !fileSystem.refusesColon && (!this.#tryColon || holdsColon(dir));
    return this.#add({ dir, fileSystem }, colon);
  }

  state({ dir, fileSystem }: Pick<Site, 'dir' | 'fileSystem'>): Load {
    return this.#byDev.get(fileSystem.dev) ?? this.#add({ dir, fileSystem }, true);
  }

  #add({ dir, fileSystem }: Pick<Site, 'dir' | 'fileSystem'>, colon: boolean): Load {
    const room = { files: 0, bytes: 0 };
    const load = { place: printable(dir.path), fileSystem, accounts: 0, messages: 0, room, colon };
    this.#byDev.set(fileSystem.dev, load);
    return load;
  }

  /** What each file system has to carry. */
  events(): PreflightEvent[] {
    return [...this.#byDev.values()].map((load) => {
      const { place, accounts, messages, room, fileSystem } = load;
      const { free, freeFiles } = fileSystem;
      const counts = { place, accounts, messages, bytes: room.bytes, free, files: room.files };
      const enough = isEnough(load);
      return { event: 'preflight', ...counts, ...(freeFiles !== undefined && { freeFiles }), enough };
    });
  }

  /** Why the run cannot end well; empty if nothing stands in its way. */
  faults(): SpoolsyncError[] {
    return [...this.#byDev.values()].flatMap((load) => [
      ...(load.colon ? [] : [noColon(load)]),
      ...(isEnough(load) ? [] : [tooLittle(load)]),
    ]);
  }
}

/** Adds an account that has no state yet, or a directory to be made. */
export function addFiles(load: Load, files: number): void {
  load.room = addRoom(load.room, { files, bytes: files * load.fileSystem.block });
}

export function addAccountState(state: Load): void {
  addFiles(state, STATE_FILES);
}

export function addMailboxRoom(target: Load, state: Load, room: MailboxRoom): void {
  target.messages += room.messages;
  target.room = addRoom(target.room, room.target);
  state.room = addRoom(state.room, room.state);
}

function isEnough({ room, fileSystem: { free, freeFiles } }: Load): boolean {
  return room.bytes <= free && (freeFiles === undefined || room.files <= freeFiles);
}

function tooLittle({ place, room, fileSystem: { free, freeFiles } }: Load): SpoolsyncError {
  const mib = (bytes: number) => `${Math.ceil(bytes / 2 ** 20)} MiB`;
  const lacking = [
    ...(room.bytes > free ? [`about ${mib(room.bytes)}, and ${mib(free)} are free`] : []),
    ...(freeFiles !== undefined && room.files > freeFiles
      ? [`about ${room.files} inodes, and ${freeFiles} are free`]
      : []),
  ];
  return new SpoolsyncError('TOO_LITTLE_ROOM', `the file system needs ${lacking.join('; ')}`, {
    place,
    advice:
      'nothing was written: make room, or choose another place; where the estimate must be wrong ' +
      '(docs/preflight.md), --skip-preflight goes on without it',
  });
}

function noColon({ place }: Load): SpoolsyncError {
  return new SpoolsyncError(
    'CANNOT_CREATE',
    'the file system does not take `:` in names, which Maildirs need',
    {
      place,
      advice: 'choose a place on ext4, XFS, btrfs, ZFS or the like; nothing was written',
    },
  );
}
