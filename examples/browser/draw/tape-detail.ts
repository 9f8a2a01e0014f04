import { explanations } from '../formula.ts';
import type { Entry, Trace } from '../worker/trace.ts';
import { element } from './dom.ts';
import { bytes, short } from './numbers.ts';

/** Details of one value of a tape. */
export function drawDetail(target: HTMLElement, trace: Trace, id: number): void {
  const entry = trace.entries[id];
  if (!entry) return;
  const result = trace.results.find(each => each.id === id);
  const rows: [string, string][] = [
    ['formula', entry.formula],
    ['shape', `[${entry.shape.join(', ')}]`],
    ['value', numbersOf(entry)],
    ['bytes', bytesOf(entry)],
    ['read by', readersOf(trace, id)],
    ['given back', lifeOf(entry, trace)],
  ];
  target.replaceChildren(
    element(
      'h3',
      { class: entry.adjoint ? 'backward' : 'forward' },
      element('code', {}, `%${id}`),
      ` ${entry.op}`,
      ...(result ? [element('span', { class: 'badge' }, result.name)] : []),
    ),
    element('p', { class: 'note' }, explanations[entry.kind]),
    element(
      'dl',
      { class: 'rows' },
      ...rows.map(([name, text]) =>
        element(
          'div',
          {},
          element('dt', {}, name),
          element('dd', { class: name === 'formula' ? 'formula-code' : undefined }, text),
        ),
      ),
    ),
  );
}

function numbersOf({ numbers, shape, least, largest, step, lastUse }: Entry): string {
  if (step < 0 && lastUse < 0) return 'never computed, as nothing needs it';
  if (step < 0) return 'never an array of its own: it is added straight into a sum';
  const size = shape.reduce((product, length) => product * length, 1);
  const listed = numbers.slice(0, size).map(short).join('  ');
  if (size <= numbers.length) return listed;
  return `${listed} …  from ${short(least)} to ${short(largest)}`;
}

function bytesOf({ bytes: taken, kind, step }: Entry): string {
  if (taken > 0) return bytes(taken);
  if (kind === 'reshape') return 'none: another view of the same array';
  return step < 0 ? 'none' : 'none: the numbers are the caller’s own';
}

function readersOf({ entries }: Trace, id: number): string {
  const readers = entries.filter(({ inputs }) => inputs.includes(id)).map(user => `%${user.id} ${user.op}`);
  return readers.length > 0 ? readers.join(', ') : 'nobody: it is a result, or not needed';
}

function lifeOf({ lastUse, step, bytes: taken }: Entry, { steps, entries }: Trace): string {
  if (step < 0 || taken === 0) return '–';
  if (lastUse >= steps) return 'never: it is a result';
  const last = entries.find(entry => entry.step === lastUse);
  return last ? `after %${last.id} ${last.op}` : '–';
}
