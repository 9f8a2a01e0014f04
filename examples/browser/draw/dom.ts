/** The element of this id, which index.html has. */
export function byId<E extends HTMLElement = HTMLElement>(id: string): E {
  const element = document.getElementById(id);
  if (!element) throw new Error(`index.html has no element #${id}`);
  return element as E;
}

/** An element with its text or children; attributes that are undefined are left out. */
export function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Readonly<Record<string, string | undefined>> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Name] {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes))
    if (value !== undefined) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** A row of a table: its first cell heads it, the others are numbers. */
export function row(head: string, ...cells: (Node | string)[]): HTMLTableRowElement {
  return element(
    'tr',
    {},
    element('th', { scope: 'row' }, head),
    ...cells.map(cell => element('td', {}, cell)),
  );
}

/** Puts rows into a table, whose caption stays. Columns stand over numbers, but for those of words. */
export function fillTable(
  table: HTMLTableElement,
  columns: readonly string[],
  rows: readonly HTMLTableRowElement[],
  words: readonly string[] = [],
): void {
  const { caption } = table;
  const heads = columns.map(name =>
    element('th', { scope: 'col', class: words.includes(name) ? 'text' : undefined }, ...typeset(name)),
  );
  table.replaceChildren(
    ...(caption ? [caption] : []),
    element('thead', {}, element('tr', {}, ...heads)),
    element('tbody', {}, ...rows),
  );
}

/** Waits until an element is about to come into view: for what is heavy, and below what one sees first. */
export function near(element: HTMLElement): Promise<void> {
  return new Promise(resolve => {
    const observer = new IntersectionObserver(
      entries => {
        if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
        observer.disconnect();
        resolve();
      },
      { rootMargin: '600px' },
    );
    observer.observe(element);
  });
}

/** Marks an element that scrolls with `data-more` as long as it goes on to the right of what is seen. */
export function hintSideways(scroll: HTMLElement): void {
  const mark = () => {
    const { scrollLeft, clientWidth, scrollWidth } = scroll;
    scroll.toggleAttribute('data-more', scrollLeft + clientWidth < scrollWidth - 1);
  };
  scroll.addEventListener('scroll', mark, { passive: true });
  const observer = new ResizeObserver(mark);
  observer.observe(scroll);
  for (const child of scroll.children) observer.observe(child);
}

/** Text whose ₙ stand as subscripts of the text's own letters. */
export function typeset(text: string): (Node | string)[] {
  return text.split('ₙ').flatMap((part, i) => (i === 0 ? [part] : [element('sub', {}, 'n'), part]));
}
