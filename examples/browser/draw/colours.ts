/** The colours of style.css by name, as they are now. */
export type ColourName =
  | 'card'
  | 'ink'
  | 'quiet'
  | 'line'
  | 'faint'
  | 'control'
  | 'forward'
  | 'backward'
  | 'cost'
  | 'pocket';

type Rgb = readonly [red: number, green: number, blue: number];

/** A colour of the page, light or dark as it is now, as `rgb(…)`: for what is not drawn by CSS. */
export function colour(name: ColourName): string {
  return text(rgbOf(name));
}

/**
 * How blue a weight is, from 0 to 1: by the root of its share of the largest, or all but the best would look alike.
 */
export function shadeOf(weight: number, largest: number): number {
  return Math.sqrt(weight / Math.max(largest, Number.MIN_VALUE));
}

/** Somewhere between two colours. */
export function mixed(from: ColourName, to: ColourName, share: number): string {
  const [a, b] = [rgbOf(from), rgbOf(to)];
  return text(a.map((channel, i) => channel + share * ((b[i] as number) - channel)) as unknown as Rgb);
}

let probe: HTMLElement | undefined;

function rgbOf(name: ColourName): Rgb {
  if (!probe) {
    probe = document.createElement('span');
    probe.hidden = true;
    document.body.append(probe);
  }
  // light-dark() is resolved only in a property that uses it.
  probe.style.color = `var(--${name})`;
  const channels = getComputedStyle(probe).color.match(/[\d.]+/g) ?? [];
  return channels.slice(0, 3).map(Number) as unknown as Rgb;
}

function text(rgb: Rgb): string {
  return `rgb(${rgb.map(Math.round).join(', ')})`;
}
