import { explanations } from '../formula.ts';
import type { Entry, Trace } from '../worker/trace.ts';
import { element } from './dom.ts';
import { bytes, short } from './numbers.ts';

/** Shows the details of one value of a tape. */
export function drawDetail(target: HTMLElement, trace: Trace, id: number): void {
  const entry = trace.entries[id];
  if (!entry) return;
  const result = trace.results.find(result => result.id === id);
  const rows: [string, string][] = [
    ['formula', entry.formula],
    ['shape', `[${entry.shape.join(', ')}]`],
    ['value', numbersOf(entry)],
    ['bytes', bytesOf(entry)],
    ['read by', readersOf(trace, id)],
    ['freed', freedAt(entry, trace)],
  ];
  target.replaceChildren(
    element(
      'h3',
      { class: entry.isAdjoint ? 'backward' : 'forward' },
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
  if (step < 0 && lastUse < 0) return 'not computed: nothing needs it';
  if (step < 0) return 'no array of its own: it is added directly to a sum';
  const size = shape.reduce((product, length) => product * length, 1);
  const listed = numbers.slice(0, size).map(short).join('  ');
  if (size <= numbers.length) return listed;
  return `${listed} …  range ${short(least)} to ${short(largest)}`;
}

function bytesOf({ bytes: size, kind, step }: Entry): string {
  if (size > 0) return bytes(size);
  if (kind === 'reshape') return 'none: another view of the same array';
  return step < 0 ? 'none' : 'none: the array belongs to the caller';
}

function readersOf({ entries }: Trace, id: number): string {
  const readers = entries.filter(({ inputs }) => inputs.includes(id)).map(user => `%${user.id} ${user.op}`);
  return readers.length > 0 ? readers.join(', ') : 'nothing: it is a result, or not needed';
}

function freedAt({ lastUse, step, bytes: size }: Entry, { steps, entries }: Trace): string {
  if (step < 0 || size === 0) return '–';
  if (lastUse >= steps) return 'never: it is a result';
  const last = entries.find(entry => entry.step === lastUse);
  return last ? `after %${last.id} ${last.op}` : '–';
}
