/** How many messages a pass may remove from a mailbox without being told so. */
export interface MaxRemove {
  /** Share of what spoolsync created there, 0 to 1. */
  readonly share: number;
  /** This many in any case. */
  readonly atLeast: number;
}

export const DEFAULT_MAX_REMOVE: MaxRemove = { share: 0.1, atLeast: 20 };

/** Whether `removed` of `created` messages may go. */
export function mayRemove(removed: number, created: number, { share, atLeast }: MaxRemove): boolean {
  return removed <= Math.max(atLeast, Math.floor(created * share));
}
