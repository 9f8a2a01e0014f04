import type { Actions } from '../actions.ts';
import type { Chart } from '../draw/chart.ts';
import { curveOption, type Limit, sharesOption } from '../draw/combination-charts.ts';
import { byId, element, fillTable, row, typeset } from '../draw/dom.ts';
import { fixed, milliseconds, short } from '../draw/numbers.ts';
import {
  type AdjustableKind,
  positionOf,
  roomKT,
  settingAt,
  settingOf,
  settingsOf,
  sliders,
} from '../sliders.ts';
import type { State, Store } from '../state.ts';
import type { CombinationSettings, Combined } from '../worker/combine.ts';

type Kind = CombinationSettings['kind'];

const descriptions: Readonly<Record<Kind, { formulas: readonly string[]; limits: string }>> = {
  mean: {
    formulas: ['ΔG = Σ ΔGₙ / N', 'cₙ = 1/N'],
    limits: 'Every pose has the same weight, good or bad.',
  },
  lse: {
    formulas: ['ΔG = −(1/t) ln Σ exp(−t ΔGₙ)', 'cₙ = wₙ = exp(−t ΔGₙ) / Σ exp(−t ΔGᵢ)'],
    limits:
      'Log-sum-exp. t → ∞: the best pose alone. t → 0: equal weights, and ΔG falls without limit, as the mean minus ln N / t.',
  },
  boltzmann: {
    formulas: ['ΔG = Σ wₙ ΔGₙ,  wₙ ∝ exp(−ΔGₙ/kT)', 'cₙ = wₙ (1 − (ΔGₙ − ΔG)/kT)'],
    limits: 'kT → 0: the best pose alone. kT → ∞: the mean. Room temperature is kT = 0.593.',
  },
  gated: {
    formulas: ['ΔG = Σ wₙ ΔGₙ,  wₙ ∝ exp(g Hₙ)', 'cₙ = wₙ,  ∂ΔG/∂Hₙ = g wₙ (ΔGₙ − ΔG)'],
    limits:
      'The weight of a pose depends on a second number, Hₙ: roughly how many hydrogen bonds it makes. g = 0: the mean. g → ∞: the pose with the most hydrogen bonds. g is a parameter, too, so the table below has ∂ΔG/∂g.',
  },
};

/** Sets up the panel of combinations: their sliders, ΔG, weights and coefficients. */
export function combinationPanel(store: Store, actions: Actions): void {
  const slider = byId<HTMLInputElement>('setting');
  /** Latest setting of each combination. */
  const latestSettings = { lse: 1, boltzmann: roomKT, gated: 1 };
  const chosen = (): Kind =>
    document.querySelector<HTMLInputElement>('[name=combination]:checked')?.value as Kind;
  const apply = () => {
    const kind = chosen();
    actions.combineBy(kind === 'mean' ? { kind } : settingsOf(kind, latestSettings[kind]));
  };
  slider.addEventListener('input', () => {
    const kind = chosen();
    if (kind !== 'mean') latestSettings[kind] = settingAt(sliders[kind], positionIn(slider));
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
      shares.onClick(x =>
        actions.choose(Math.min(Math.max(Math.round(x) - 1, 0), poseCount(store.state) - 1)),
      );
      store.subscribe((state, before) => drawCharts(curve, shares, state, before));
    });
}

function poseCount({ combined }: State): number {
  return combined?.predictions.length ?? 1;
}

/** Returns the position of a slider, from 0 to 1. */
function positionIn({ valueAsNumber, max }: HTMLInputElement): number {
  return valueAsNumber / Number(max);
}

function drawSettings(input: HTMLInputElement, settings: CombinationSettings): void {
  const { formulas, limits } = descriptions[settings.kind];
  byId('formula').replaceChildren(...formulas.map(formula => element('span', {}, ...typeset(formula))));
  byId('limits').replaceChildren(...typeset(unbroken(limits)));
  byId('setting-row').hidden = settings.kind === 'mean';
  if (settings.kind === 'mean') return;
  const slider = sliders[settings.kind];
  const setting = settingOf(settings);
  const text = `${short(setting)} ${slider.unit}`.trim();
  byId('setting-name').textContent = slider.name;
  byId('setting-value').textContent = text;
  input.setAttribute('aria-valuetext', text);
  // A slider that already shows the setting is not moved, because rounding would shift it while the visitor drags it.
  if (settingAt(slider, positionIn(input)) !== setting)
    input.valueAsNumber = Math.round(Number(input.max) * positionOf(slider, setting));
}

/** Keeps `g → ∞` and `g = 0` on one line. */
function unbroken(text: string): string {
  return text.replaceAll(/ ([→=]) /g, '\u00a0$1\u00a0');
}

function drawNumbers({ combined }: State): void {
  if (!combined) return;
  const { value, predictions } = combined;
  byId('value').textContent = fixed(value, 4);
  byId('best').textContent = fixed(Math.min(...predictions), 4);
  byId('average').textContent = fixed(meanOf(predictions), 4);
  byId('combined-time').textContent = milliseconds(combined.milliseconds);
  drawTables({ combined });
}

/** Fills the tables, but only if they are open: for many poses, filling them takes longer than everything else in an update. */
function drawTables({ combined }: Pick<State, 'combined'>): void {
  if (!combined || !byId<HTMLDetailsElement>('numbers').open) return;
  const { predictions, weights, coefficients, gate, gradient } = combined;
  byId('gradient-of').textContent = gate ? ', and ∂ΔG/∂g' : '';
  fillTable(
    byId<HTMLTableElement>('gradient-table'),
    ['weight', '∂ΔG/∂w'],
    Object.entries(gradient).map(([name, slope]) => row(name, short(slope))),
  );
  fillTable(
    byId<HTMLTableElement>('poses-table'),
    ['pose', 'ΔGₙ', 'wₙ', 'cₙ', ...(gate ? ['Hₙ', '∂ΔG/∂Hₙ'] : [])],
    [...predictions].map((prediction, n) =>
      row(
        `${n + 1}`,
        fixed(prediction, 3),
        short(weights[n] as number),
        short(coefficients[n] as number),
        ...(gate ? [short(gate.bonds[n] as number), short(gate.slopes[n] as number)] : []),
      ),
    ),
  );
}

function meanOf(numbers: Float64Array): number {
  return numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
}

function drawCharts(curve: Chart, shares: Chart, state: State, before: State): void {
  const { combined, settings, themeChanges, pose } = state;
  if (!combined) return;
  const isNew = state === before || combined !== before.combined || themeChanges !== before.themeChanges;
  if (isNew || state.curve !== before.curve || settings !== before.settings) {
    byId('curve').hidden = settings.kind === 'mean';
    if (settings.kind !== 'mean' && state.curve?.kind === settings.kind) {
      const label = `ΔG over ${sliders[settings.kind].name}: ${courses[settings.kind]}; now ${fixed(combined.value, 3)}`;
      curve.draw(label, curveOption(state.curve, combined, limitsOf(combined)));
    }
  }
  if (isNew || pose !== before.pose) {
    const strongest = combined.weights.indexOf(Math.max(...combined.weights)) + 1;
    const label = `ΔG, weight and coefficient of ${poseCount(state)} poses; pose ${strongest} has the largest weight`;
    byId('shares').classList.toggle('four', combined.gate !== undefined);
    shares.draw(label, sharesOption(combined, pose));
  }
}

/** Description of the curve of each combination, for screen readers. */
const courses: Readonly<Record<AdjustableKind, string>> = {
  lse: 'from far below the best pose up to it',
  boltzmann: 'from the best pose to the mean',
  gated: 'from the mean to the pose with the most hydrogen bonds',
};

/** Returns the limits of a combination. */
function limitsOf({ predictions, gate }: Combined): Limit[] {
  const end = gate
    ? { name: 'most bonds', value: predictions[gate.bonds.indexOf(Math.max(...gate.bonds))] as number }
    : { name: 'best pose', value: Math.min(...predictions) };
  return [end, { name: 'mean', value: meanOf(predictions) }];
}
