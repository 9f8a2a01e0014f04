import { digits, table } from './support/text.ts';

/** Stages of a pose, in order; the last is all of them together, and the sum of the gradients too. */
export const stageNames = ['record', 'record+gradient', 'key', 'layout', 'loops', 'whole'] as const;
export type StageName = (typeof stageNames)[number];

/** Counts of a tape: values that the scorer records, without and with the gradient, and what they are planned to. */
export interface TapeFacts {
  readonly forward: number;
  readonly values: number;
  readonly loops: number;
  readonly products: number;
}

/** Stages of a pose of one scorer: times in CPU milliseconds, counts of its tape. */
export interface Stages {
  readonly facts: TapeFacts;
  readonly times: Readonly<Record<StageName, number>>;
  /** To plan and compile a structure that is new, in a process that has planned none yet, and in one that is warm. */
  readonly plan: { readonly cold: number; readonly warm: number };
}

/** Microseconds a pose, stage by stage, a column for each scorer. */
export function stagesTable(stages: ReadonlyMap<string, Stages>): string {
  const row = (what: string, show: (p: Stages) => string) => [what, ...[...stages.values()].map(show)];
  const us = (time: number) => digits(1000 * time);
  return table(
    ['', ...stages.keys()],
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
