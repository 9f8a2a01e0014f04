/** Names of colours in style.css. */
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

/** Returns a colour of the current theme as `rgb(…)`, for drawings without CSS. */
export function colour(name: ColourName): string {
  return text(rgbOf(name));
}

/**
 * Returns the shade of a weight, from 0 to 1: the square root of its ratio to the largest weight. Without the square root,
 * all poses except the best would look alike.
 */
export function shadeOf(weight: number, largest: number): number {
  return Math.sqrt(weight / Math.max(largest, Number.MIN_VALUE));
}

/** Returns a mix of two colours as `rgb(…)`. If `share` is 0, it is the colour `from`; if 1, the colour `to`. */
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
  // The browser resolves light-dark() only where a property uses it.
  probe.style.color = `var(--${name})`;
  const channels = getComputedStyle(probe).color.match(/[\d.]+/g) ?? [];
  return channels.slice(0, 3).map(Number) as unknown as Rgb;
}

function text(rgb: Rgb): string {
  return `rgb(${rgb.map(Math.round).join(', ')})`;
}
