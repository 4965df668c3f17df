import type { Remembered } from '../../../src/core/message.ts';
import type { Stretch } from '../../../src/core/stretch.ts';
import { formatRecord, isPlain } from '../../../src/state/record-line.ts';
import { type StretchPlace, StretchSum } from '../../../src/state/stretch-line.ts';

/** Messages in stretches of so many, as a manifest would have them; `at` is the place of the first among the messages. */
export function inStretches(records: readonly Remembered[], size: number): readonly Stretch[] {
  const stretches: Stretch[] = [];
  for (let at = 0; at < records.length; at += size) {
    const some = records.slice(at, at + size);
    const sum = new StretchSum();
    for (const record of some) sum.add(record, isPlain(record));
    const text = some.map(formatRecord).join('\n');
    stretches.push({
      ...sum.summary,
      at,
      bytes: text.length + 1,
      records: () => some.map((one) => ({ ...one })),
      text: () => text,
    });
  }
  return stretches;
}

/** What a manifest offers of its messages. */
export function messagesIn(records: readonly Remembered[], size: number) {
  const all = inStretches(records, size);
  return {
    records: function* () {
      yield* records;
    },
    stretches: function* () {
      yield* all;
    },
    stretch: ({ at }: StretchPlace): Stretch => {
      const stretch = all.find((one) => one.at === at);
      if (stretch === undefined) throw new Error(`no stretch at ${at}`);
      return stretch;
    },
  };
}
