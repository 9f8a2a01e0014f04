import type { PieceName } from './piece-names.ts';
import type { TapeFacts } from './pieces-subject.ts';
import { digits, table } from './support/text.ts';

/** Stages of a pose of one scorer: times in CPU milliseconds, counts of its tape. */
export interface Pieces {
  readonly facts: TapeFacts;
  readonly times: Readonly<Record<PieceName, number>>;
  /** To plan and compile a structure that is new, in a process that has planned none yet, and in one that is warm. */
  readonly plan: { readonly cold: number; readonly warm: number };
}

/** Microseconds a pose, piece by piece, a column for each scorer. */
export function piecesTable(pieces: ReadonlyMap<string, Pieces>): string {
  const row = (what: string, show: (p: Pieces) => string) => [what, ...[...pieces.values()].map(show)];
  const us = (time: number) => digits(1000 * time);
  return table(
    ['', ...pieces.keys()],
    [
      row('', ({ facts }) => `${facts.forward} values, ${facts.values} with the gradient`),
      row('', ({ facts }) => `${facts.loops} loops, ${facts.products} matrix products`),
      row('record', ({ times }) => us(times.record)),
      row('gradient', ({ times }) => us(times['record+gradient'] - times.record)),
      row('structure key', ({ times }) => us(times.key)),
      row('layout', ({ times }) => us(times.layout)),
      row('loops', ({ times }) => us(times.loops)),
      row('all of a pose, copies, checks and fold too', ({ times }) => us(times.whole)),
      row('plan and compile a new structure, cold process', ({ plan }) => us(plan.cold)),
      row('plan and compile a new structure, warm process', ({ plan }) => us(plan.warm)),
      row('plan and compile, from the second pose on', () => '0'),
    ],
  );
}
