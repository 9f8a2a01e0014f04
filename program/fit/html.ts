import type { FitOptions } from './options.ts';
import { changes, losses, scatter, shortest } from './pictures.ts';
import { type CompoundResult, type FitReport, type PartResult, partResult } from './result.ts';
import { average, grouped } from './statistics.ts';

/** Formats the results of a fit as a self-contained HTML page with charts. */
export function htmlReport(report: FitReport, options: FitOptions): string {
  const { compounds, epochs, skipped, numbers } = report;
  const offset = numbers.find(({ name }) => name === 'offset');
  const name = options.scorer === 'vina' ? 'Vina' : 'SchNet';
  const title = `${name}, fitted to ${report.fitted.compounds} affinities`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${text(title)}</title>
<style>
:root { color-scheme: light; font: 15px/1.5 Helvetica, Arial, sans-serif; color: #222; background: #f4f5f7; }
body { max-width: 760px; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin: 0 0 .25rem; }
h2 { font-size: 1.1rem; margin: 0 0 .5rem; }
section { background: #fff; border: 1px solid #dfe2e6; border-radius: 8px; padding: 1rem 1.25rem; margin: 1rem 0; overflow-x: auto; }
p { margin: 0 0 .75rem; color: #555; }
svg { max-width: 100%; height: auto; display: block; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: 14px; }
th, td { text-align: right; padding: .25rem .6rem; border-bottom: 1px solid #eceef0; }
th { font-weight: 600; color: #555; }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
td.wide { text-align: left; }
</style>
</head>
<body>
<h1>${text(title)}</h1>
<p>${text(summaryOf(report, options))}</p>
<section><h2>Errors</h2>
<p>kcal/mol. “Mean”: error of predicting the mean of the fitted compounds for every compound. “Within”: after the best shift of each target. τ: Kendall’s, within targets.</p>
${errorTable(report)}</section>
<section><h2>Predicted and measured ΔG</h2>
${scatter(report)}${compounds.some(({ bound }) => bound) ? '<p>Triangles are affinities known only as bounds.</p>' : ''}</section>
${epochs.length > 0 ? `<section><h2>Loss by epoch</h2>\n${losses(report)}</section>` : ''}
<section><h2>${numbers.some(({ isNorm }) => isNorm) ? 'Norms of the weights' : 'Weights'} before and after</h2>
${changes(report)}${offset ? `<p>Offset of every score: ${shortest(offset.before)} → ${shortest(offset.after)} kcal/mol.</p>` : ''}</section>
${targetSection(compounds)}
<section><h2>Compounds</h2>
${tableOf(
  ['compound', 'target', 'part', 'poses', 'measured', 'predicted', 'error'],
  compounds.map(each => [
    ...[each.name, each.target, each.part, String(each.poses)],
    `${each.bound === undefined ? '' : each.bound === 'lower' ? '> ' : '< '}${each.measured.toFixed(2)}`,
    ...[each.predicted.toFixed(2), (each.predicted - each.measured).toFixed(2)],
  ]),
)}</section>
${
  skipped.length > 0
    ? `<section><h2>Skipped</h2>\n${tableOf(
        ['compound', 'reason'],
        skipped.map(({ name: who, reason }) => [who, reason]),
      )}</section>`
    : ''
}
</body>
</html>
`;
}

function summaryOf({ best, epochs, stopped, validation }: FitReport, options: FitOptions): string {
  const { combination, kT, t, loss, optimiser, learn, readout } = options;
  const settings = combination === 'lse' ? `, t = ${t}` : combination === 'mean' ? '' : `, kT = ${kT}`;
  return [
    `ΔG by ${combination}${settings}${learn.length > 0 ? `, with ${learn.join(' and ')} fitted` : ''}`,
    `loss ${loss} of ${readout === 'pKi' ? 'pKi' : 'ΔG'}`,
    `${optimiser}, ${epochs.length} epochs, stopped by ${stopped}`,
    ...(validation ? [`weights of epoch ${best}`] : []),
  ].join(' · ');
}

function errorTable({ fitted, validation, leftOut }: FitReport): string {
  const row = (name: string, part: PartResult | null): string[][] =>
    part ? [[name, ...cellsOf(part), part.rmseOfMean.toFixed(2)]] : [];
  return tableOf(
    ['', 'compounds', 'RMSE', 'within', 'τ', 'mean'],
    [...row('fitted', fitted), ...row('validation', validation), ...row('left out', leftOut)],
  );
}

function targetSection(compounds: readonly CompoundResult[]): string {
  const exact = compounds.filter(({ bound }) => bound === undefined);
  const groups = [...grouped(exact, ({ target, part }) => JSON.stringify([target, part])).values()];
  const names = new Set(exact.map(({ target }) => target));
  if (names.size < 2 || names.size > 60) return '';
  const list = groups.map(group => {
    const { target, part } = group[0] as CompoundResult;
    const result = partResult(group, average(group.map(({ measured }) => measured)));
    return [target, part, ...cellsOf(result), result.rmseOfMean.toFixed(2)];
  });
  return `<section><h2>Targets</h2>\n${tableOf(['target', 'part', 'compounds', 'RMSE', 'within', 'τ', 'spread'], list)}</section>`;
}

function cellsOf({ compounds, rmse, rmseWithin, tau }: PartResult): string[] {
  return [String(compounds), rmse.toFixed(2), rmseWithin.toFixed(2), tau === null ? '–' : tau.toFixed(2)];
}

function tableOf(head: readonly string[], body: readonly (readonly string[])[]): string {
  const row = (cells: readonly string[], tag: string) =>
    `<tr>${cells.map(cell => `<${tag}>${text(cell)}</${tag}>`).join('')}</tr>`;
  return `<table>\n<thead>${row(head, 'th')}</thead>\n<tbody>\n${body.map(each => row(each, 'td')).join('\n')}\n</tbody></table>\n`;
}

/** Escapes the characters of markup, and replaces control characters by spaces. */
function text(content: string): string {
  return content.replace(/[&<>"']/g, each => `&#${each.charCodeAt(0)};`).replace(/\p{Cc}/gu, ' ');
}
