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

/** The head of a table. */
export function head(...columns: string[]): HTMLTableSectionElement {
  return element(
    'thead',
    {},
    element('tr', {}, ...columns.map(each => element('th', { scope: 'col' }, each))),
  );
}

/** Puts rows into a table, whose caption stays. */
export function fillTable(table: HTMLTableElement, columns: string[], rows: HTMLTableRowElement[]): void {
  const { caption } = table;
  table.replaceChildren(...(caption ? [caption] : []), head(...columns), element('tbody', {}, ...rows));
}
