import type { Entry, Trace } from '../worker/trace.ts';
import { element } from './dom.ts';

/** Cells of a tape, one for each value. */
export interface Cells {
  /** Shows the state of every value after `done` steps: not computed yet, in memory or freed. */
  showStates(done: number): void;
  /** Selects the cell of a value. Marks the cells of the value's inputs and of the values that read it. */
  select(id: number): void;
}

/**
 * Lays out the cells of a tape in order: those of recorded values in one element, those of adjoints in another. Calls `show`
 * with the id of a value when the visitor points at its cell or moves to it with the arrow keys.
 */
export function cellsOf(
  trace: Trace,
  recorded: HTMLElement,
  adjoints: HTMLElement,
  links: HTMLElement,
  show: (id: number) => void,
): Cells {
  const largest = Math.max(...trace.entries.map(entry => entry.bytes), 1);
  const cells = trace.entries.map(entry => cellOf(entry, largest));
  const cellsWith = (isAdjoint: boolean) =>
    cells.filter((_, id) => trace.entries[id]?.isAdjoint === isAdjoint);
  for (const [id, cell] of cells.entries()) cell.onfocus = () => show(id);
  recorded.replaceChildren(...cellsWith(false));
  adjoints.replaceChildren(...cellsWith(true));

  for (const list of [recorded, adjoints]) {
    const idAt = ({ target }: Event) =>
      Number((target as Element).closest<HTMLElement>('[data-id]')?.dataset.id);
    list.onpointerover = event => {
      if (!Number.isNaN(idAt(event))) show(idAt(event));
    };
    list.onkeydown = event => {
      const offset = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      const next = offset ? cells[idAt(event) + offset] : undefined;
      if (!next) return;
      event.preventDefault();
      next.focus();
    };
  }

  let selected = -1;
  const marked = new Set<HTMLElement>();
  const mark = (id: number, name: 'pointed' | 'reads' | 'read-by') => {
    const cell = cells[id];
    if (!cell) return;
    cell.classList.add(name);
    marked.add(cell);
  };
  return {
    showStates(done) {
      for (const [id, cell] of cells.entries())
        cell.dataset.state = stateOf(trace.entries[id] as Entry, done, trace);
    },
    select(id) {
      for (const cell of marked) cell.classList.remove('pointed', 'reads', 'read-by');
      marked.clear();
      // Tab reaches only the selected cell. The arrow keys move on from there.
      cells[selected]?.setAttribute('tabindex', '-1');
      cells[selected]?.setAttribute('aria-selected', 'false');
      selected = id;
      cells[id]?.setAttribute('tabindex', '0');
      cells[id]?.setAttribute('aria-selected', 'true');
      cells[id]?.setAttribute('aria-describedby', 'tape-detail');
      mark(id, 'pointed');
      for (const input of trace.entries[id]?.inputs ?? []) mark(input, 'reads');
      for (const user of trace.entries) if (user.inputs.includes(id)) mark(user.id, 'read-by');
      drawLinks(links, cells, trace, id);
    },
  };
}

function cellOf({ id, op, kind, bytes, formula }: Entry, largest: number): HTMLElement {
  const cell = element(
    'div',
    {
      class: 'cell',
      role: 'option',
      tabindex: '-1',
      'aria-selected': 'false',
      'data-id': `${id}`,
      'data-kind': kind,
      'aria-label': `%${id} ${op}: ${formula}`,
    },
    element('span', {}, op),
  );
  // The square root keeps the lines of small arrays visible.
  cell.style.setProperty('--size', `${Math.sqrt(bytes / largest)}`);
  return cell;
}

function stateOf(
  { step, lastUse, bytes }: Entry,
  done: number,
  { steps }: Trace,
): 'to-come' | 'held' | 'freed' | 'shared' | 'discarded' {
  if (done > steps) return 'discarded';
  if (step < 0) return 'shared';
  if (done <= step) return 'to-come';
  if (bytes === 0) return 'shared';
  return done - 1 <= lastUse ? 'held' : 'freed';
}

/** Draws lines to a value from each of its inputs, and from the value to each value that reads it. */
function drawLinks(links: HTMLElement, cells: readonly HTMLElement[], { entries }: Trace, id: number): void {
  const origin = links.getBoundingClientRect();
  const center = (id: number) => {
    const { left, top, width, height } = (cells[id] as HTMLElement).getBoundingClientRect();
    return [left - origin.left + width / 2, top - origin.top + height / 2] as const;
  };
  const line = (from: number, to: number, name: string) => {
    const [[x0, y0], [x1, y1]] = [center(from), center(to)];
    // The line between two cells of the same row is bent upwards, by this many pixels.
    const bend = y0 === y1 ? Math.min(24, Math.abs(x1 - x0) / 3) : 0;
    return `<path class="${name}" d="M${x0} ${y0}Q${(x0 + x1) / 2} ${(y0 + y1) / 2 - bend} ${x1} ${y1}"/>`;
  };
  const reads = (entries[id]?.inputs ?? []).map(input => line(input, id, 'reads'));
  const readBy = entries
    .filter(({ inputs }) => inputs.includes(id))
    .map(user => line(id, user.id, 'read-by'));
  links.innerHTML = [...reads, ...readBy].join('');
}
