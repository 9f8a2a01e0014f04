import { type Actions, ranges } from '../actions.ts';
import type { Chart } from '../draw/chart.ts';
import { curveOption, sharesOption } from '../draw/combination-charts.ts';
import { byId, element, fillTable, row, typeset } from '../draw/dom.ts';
import { fixed, milliseconds, short } from '../draw/numbers.ts';
import type { State, Store } from '../state.ts';
import type { CombinationSettings } from '../worker/combine.ts';

type Kind = CombinationSettings['kind'];

const said: Readonly<Record<Kind, { formulas: readonly string[]; limits: string }>> = {
  mean: {
    formulas: ['ΔG = Σ ΔGₙ / N', 'cₙ = 1/N'],
    limits: 'Every pose counts alike, good or bad.',
  },
  lse: {
    formulas: ['ΔG = −(1/t) ln Σ exp(−t ΔGₙ)', 'cₙ = wₙ = exp(−t ΔGₙ) / Σ exp(−t ΔGᵢ)'],
    limits: 'LSE. t → ∞: the best pose alone. t → 0: all alike, and ΔG falls below the best, by ln N / t.',
  },
  boltzmann: {
    formulas: ['ΔG = Σ wₙ ΔGₙ,  wₙ ∝ exp(−ΔGₙ/kT)', 'cₙ = wₙ (1 − (ΔGₙ − ΔG)/kT)'],
    limits: 'kT → 0: the best pose alone. kT → ∞: the mean. Room temperature is kT = 0.593.',
  },
};

/** The three combinations with their sliders, and what each does to ΔG, the weights and the coefficients. */
export function combinationPanel(store: Store, actions: Actions): void {
  const slider = byId<HTMLInputElement>('setting');
  const settings = { t: 1, kT: 0.593 };
  const chosen = (): Kind =>
    document.querySelector<HTMLInputElement>('[name=combination]:checked')?.value as Kind;
  const apply = () => {
    const kind = chosen();
    if (kind === 'lse') actions.combineBy({ kind, t: settings.t });
    else if (kind === 'boltzmann') actions.combineBy({ kind, kT: settings.kT });
    else actions.combineBy({ kind });
  };
  slider.addEventListener('input', () => {
    settings[chosen() === 'lse' ? 't' : 'kT'] = settingAt(slider, chosen());
    apply();
  });
  for (const radio of document.querySelectorAll('[name=combination]'))
    radio.addEventListener('change', apply);

  store.subscribe(({ settings }) => drawSettings(slider, settings));
  store.subscribe((state, before) => {
    if (state.combined !== before.combined || state === before) drawNumbers(state);
  });
  byId('numbers').addEventListener('toggle', () => drawTables(store.state));
  store
    .firstResult()
    .then(() => import('../draw/chart.ts'))
    .then(({ chartIn }) => {
      const [curve, shares] = [chartIn(byId('curve')), chartIn(byId('shares'))];
      shares.onClick(x => actions.choose(Math.min(Math.max(Math.round(x) - 1, 0), count(store.state) - 1)));
      store.subscribe((state, before) => drawCharts(curve, shares, state, before));
    });
}

function count({ combined }: State): number {
  return combined?.predictions.length ?? 1;
}

/** The slider is logarithmic, as the limits are far away at both ends. */
function settingAt({ valueAsNumber, max }: HTMLInputElement, kind: Kind): number {
  const [least, largest] = ranges[kind === 'lse' ? 't' : 'kT'];
  return Number((least * (largest / least) ** (valueAsNumber / Number(max))).toPrecision(3));
}

function drawSettings(slider: HTMLInputElement, settings: CombinationSettings): void {
  const { formulas, limits } = said[settings.kind];
  byId('formula').replaceChildren(...formulas.map(each => element('span', {}, ...typeset(each))));
  byId('limits').textContent = limits;
  byId('setting-row').hidden = settings.kind === 'mean';
  if (settings.kind === 'mean') return;
  const [name, setting, unit] =
    settings.kind === 'lse'
      ? (['t', settings.t, 'mol/kcal'] as const)
      : (['kT', settings.kT, 'kcal/mol'] as const);
  const [least, largest] = ranges[name];
  byId('setting-name').textContent = name;
  byId('setting-value').textContent = `${short(setting)} ${unit}`;
  slider.setAttribute('aria-valuetext', `${short(setting)} ${unit}`);
  // The reader's own drag is not set back by the rounding of what it meant.
  if (settingAt(slider, settings.kind) !== setting)
    slider.valueAsNumber = Math.round(
      (Number(slider.max) * Math.log(setting / least)) / Math.log(largest / least),
    );
}

function drawNumbers({ combined }: State): void {
  if (!combined) return;
  const { value, predictions } = combined;
  byId('value').textContent = fixed(value, 4);
  byId('best').textContent = fixed(Math.min(...predictions), 4);
  byId('average').textContent = fixed(meanOf(predictions), 4);
  const time = byId('combined-time');
  time.textContent = milliseconds(combined.milliseconds);
  (time.previousElementSibling as HTMLElement).textContent =
    predictions.length === 1 ? 'one tape' : `${predictions.length} tapes`;
  drawTables({ combined });
}

/** The tables are filled while they can be seen: with many poses they are more work than all else. */
function drawTables({ combined }: Pick<State, 'combined'>): void {
  if (!combined || !byId<HTMLDetailsElement>('numbers').open) return;
  const { predictions, weights, coefficients, gradient } = combined;
  fillTable(
    byId<HTMLTableElement>('gradient-table'),
    ['weight', '∂ΔG/∂w'],
    Object.entries(gradient).map(([name, slope]) => row(name, short(slope))),
  );
  fillTable(
    byId<HTMLTableElement>('poses-table'),
    ['pose', 'ΔGₙ', 'wₙ', 'cₙ'],
    [...predictions].map((prediction, n) =>
      row(`${n + 1}`, fixed(prediction, 3), short(weights[n] as number), short(coefficients[n] as number)),
    ),
  );
}

function meanOf(numbers: Float64Array): number {
  return numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
}

function drawCharts(curve: Chart, shares: Chart, state: State, before: State): void {
  const { combined, settings, theme, pose } = state;
  if (!combined) return;
  const isNew = state === before || combined !== before.combined || theme !== before.theme;
  if (isNew || state.curve !== before.curve || settings !== before.settings) {
    byId('curve').hidden = settings.kind === 'mean';
    const [best, average] = [Math.min(...combined.predictions), meanOf(combined.predictions)];
    if (state.curve?.kind === settings.kind) {
      const label = `ΔG over ${settings.kind === 'lse' ? 't' : 'kT'}: from the ${settings.kind === 'lse' ? 'mean side to the best pose' : 'best pose to the mean'}; now ${fixed(combined.value, 3)}`;
      curve.draw(label, curveOption(state.curve, combined, best, average));
    }
  }
  if (isNew || pose !== before.pose) {
    const strongest = combined.weights.indexOf(Math.max(...combined.weights)) + 1;
    const label = `ΔG, weight and coefficient of ${count(state)} poses; pose ${strongest} has the largest weight`;
    shares.draw(label, sharesOption(combined, pose));
  }
}
