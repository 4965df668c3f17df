import { SpoolsyncError } from '../core/errors.ts';
import type { Dir } from '../io/dir.ts';
import { type Manifest, openManifest, openUsable } from './manifest.ts';

/**
 * The verified mark of a mailbox: the manifest against which it was last compared without a difference, as a second name
 * of that file (docs/manifest.md, "The verified mark"). A manifest is never written to once it is there, so the mark
 * keeps saying what was compared, whatever later passes put in the manifest's place.
 */
function markName(name: string): string {
  return `.${name}.verified`;
}

/**
 * Marks a mailbox as compared with `manifest`, which must still be the one under that name: a pass may have put another
 * there meanwhile. Returns whether there is a mark for it now; none can be made where the state cannot be written, or its
 * file system knows no hard links. A mark that is missing only costs time.
 */
export function markVerified(state: Dir, name: string, manifest: Manifest): boolean {
  const temp = `.${name}.verifying`;
  try {
    state.unlink(temp);
    state.link(name, state, temp);
    const fits = isSame(state, temp, manifest);
    // rename(2) leaves both names where both are the same file already.
    if (fits) state.rename(temp, state, markName(name));
    state.unlink(temp);
    return fits;
  } catch (error) {
    if (!(error instanceof SpoolsyncError) || error.code === 'INTERNAL') throw error;
    tidy(state, temp);
    return false;
  }
}

/** What cannot be written cannot be tidied either; the next mark does it. */
function tidy(state: Dir, temp: string): void {
  try {
    state.unlink(temp);
  } catch (error) {
    if (!(error instanceof SpoolsyncError)) throw error;
  }
}

/** The counts, digests and times in a header tell one manifest of a mailbox from another. */
function isSame(state: Dir, name: string, manifest: Manifest): boolean {
  const found = openManifest(state, name);
  const same = JSON.stringify(found?.header) === JSON.stringify(manifest.header);
  found?.close();
  return same;
}

/** The manifest that was compared last; `undefined`: nothing counts as verified, also where the mark is damaged. */
export function openVerified(state: Dir, name: string): Manifest | undefined {
  return openUsable(state, markName(name));
}

/** To be called when the folder becomes another mailbox's: its messages would seem to have been compared. */
export function forgetVerified(state: Dir, name: string): void {
  state.unlink(markName(name));
}
