/**
 * Returns the element with this id.
 *
 * @throws Error if index.html has none
 */
export function byId<E extends HTMLElement = HTMLElement>(id: string): E {
  const element = document.getElementById(id);
  if (!element) throw new Error(`index.html has no element #${id}`);
  return element as E;
}

/** Creates an element with attributes and children. Attributes that are undefined are left out. */
export function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Readonly<Record<string, string | undefined>> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes))
    if (value !== undefined) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

/** Creates a table row with a header cell and the given further cells. */
export function row(head: string, ...cells: (Node | string)[]): HTMLTableRowElement {
  return element(
    'tr',
    {},
    element('th', { scope: 'row' }, head),
    ...cells.map(cell => element('td', {}, cell)),
  );
}

/** Replaces the head and the rows of a table, but not its caption. Columns named in `words` hold text, all others numbers. */
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

/** Resolves when an element is about to scroll into view, so that large modules are loaded only when needed. */
export function untilNear(element: HTMLElement): Promise<void> {
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

/** Gives a scrolling element the attribute `data-more` while it has more content to the right. */
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

/** Splits a text into nodes, with each ₙ as a `<sub>` element in the font of the text. */
export function typeset(text: string): (Node | string)[] {
  return text.split('ₙ').flatMap((part, i) => (i === 0 ? [part] : [element('sub', {}, 'n'), part]));
}
