import type { ActionEvent } from '../core/events.ts';

const SIGNS: Readonly<Record<ActionEvent['kind'], string>> = {
  add: '+',
  'create-mailbox': '+',
  reflag: '~',
  renumber: '#',
  foreign: '#',
  'rename-mailbox': '~',
  subscriptions: '~',
  remove: '-',
  'delete-mailbox': '-',
};

/** What a pass would do, with the sign that stands for it in the summary of a mailbox. */
export function actionLine({ user, mailbox, kind, uid, message }: ActionEvent): string {
  const which = uid === undefined ? '' : ` uid ${uid}`;
  return `${SIGNS[kind]} ${user} ${mailbox}${which}: ${message}`;
}
