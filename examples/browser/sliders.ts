import type { CombinationSettings } from './worker/combine.ts';

/** Combinations that have a setting. */
export type AdjustableKind = Exclude<CombinationSettings['kind'], 'mean'>;

/** kT at room temperature, in kcal/mol. */
export const roomKT = 0.593;

/** Slider for the setting of a combination. */
export interface Slider {
  readonly name: 't' | 'kT' | 'g';
  /** Unit of the setting; empty if it has none. */
  readonly unit: string;
  readonly least: number;
  readonly largest: number;
  /** True if the scale is logarithmic, false if it is linear. */
  readonly isLogarithmic: boolean;
}

/** The slider of each combination. */
export const sliders: Readonly<Record<AdjustableKind, Slider>> = {
  lse: { name: 't', unit: 'mol/kcal', least: 0.05, largest: 50, isLogarithmic: true },
  boltzmann: { name: 'kT', unit: 'kcal/mol', least: 0.05, largest: 50, isLogarithmic: true },
  gated: { name: 'g', unit: '', least: 0, largest: 10, isLogarithmic: false },
};

/** Returns the setting at a position on the slider, from 0 to 1, to three significant digits. */
export function settingAt({ least, largest, isLogarithmic }: Slider, position: number): number {
  const setting = isLogarithmic
    ? least * (largest / least) ** position
    : least + position * (largest - least);
  return Number(setting.toPrecision(3));
}

/** Returns the position of a setting on the slider, from 0 to 1. */
export function positionOf({ least, largest, isLogarithmic }: Slider, setting: number): number {
  return isLogarithmic
    ? Math.log(setting / least) / Math.log(largest / least)
    : (setting - least) / (largest - least);
}

/** Returns the settings of a combination with this value of t, kT or g. */
export function settingsOf(kind: AdjustableKind, setting: number): CombinationSettings {
  switch (kind) {
    case 'lse':
      return { kind, t: setting };
    case 'boltzmann':
      return { kind, kT: setting };
    case 'gated':
      return { kind, g: setting };
  }
}

/** Returns the value of t, kT or g; 0 for the mean, which has no setting. */
export function settingOf(settings: CombinationSettings): number {
  switch (settings.kind) {
    case 'mean':
      return 0;
    case 'lse':
      return settings.t;
    case 'boltzmann':
      return settings.kT;
    case 'gated':
      return settings.g;
  }
}
