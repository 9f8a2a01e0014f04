import type { CombinationSettings } from './worker/combine.ts';

/** The combinations that have a number to set. */
export type SetKind = Exclude<CombinationSettings['kind'], 'mean'>;

/** A slider for the number of a combination. */
export interface Slider {
  readonly name: 't' | 'kT' | 'g';
  /** Empty for a number without unit. */
  readonly unit: string;
  readonly least: number;
  readonly largest: number;
  /** Logarithmic where the limits are far away at both ends; else linear. */
  readonly isLogarithmic: boolean;
}

/** The slider of each combination. */
export const sliders: Readonly<Record<SetKind, Slider>> = {
  lse: { name: 't', unit: 'mol/kcal', least: 0.05, largest: 50, isLogarithmic: true },
  boltzmann: { name: 'kT', unit: 'kcal/mol', least: 0.05, largest: 50, isLogarithmic: true },
  gated: { name: 'g', unit: '', least: 0, largest: 10, isLogarithmic: false },
};

/** The number at a place on the slider, from 0 to 1. */
export function settingAt({ least, largest, isLogarithmic }: Slider, place: number): number {
  const setting = isLogarithmic ? least * (largest / least) ** place : least + place * (largest - least);
  return Number(setting.toPrecision(3));
}

/** The place of a number on the slider, from 0 to 1. */
export function placeOf({ least, largest, isLogarithmic }: Slider, setting: number): number {
  return isLogarithmic
    ? Math.log(setting / least) / Math.log(largest / least)
    : (setting - least) / (largest - least);
}

/** The settings of a combination with this number. */
export function settingsOf(kind: SetKind, setting: number): CombinationSettings {
  switch (kind) {
    case 'lse':
      return { kind, t: setting };
    case 'boltzmann':
      return { kind, kT: setting };
    case 'gated':
      return { kind, g: setting };
  }
}

/** The number that settings hold; 0 for the mean, which has none. */
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
