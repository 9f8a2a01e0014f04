import { csvLine, type FormatName } from '../command/formats.ts';
import { type GivenPooling, usedSettings } from '../command/poolings.ts';
import type { Write } from '../command/write.ts';
import type { CompoundResult, PoseResults, StrategyCost, Summary } from './result.ts';
import { textReport } from './text-report.ts';

/** Printer of results. */
export interface Report {
  /** Takes the result of the next compound. */
  compound(result: CompoundResult): Promise<void>;
  /** Prints the end of the report. */
  end(summary: Summary, strategies?: readonly StrategyCost[]): Promise<void>;
}

/** Settings of a run, for its report. */
export interface About extends GivenPooling {
  readonly format: FormatName;
  readonly scorer: string;
  readonly receptor?: string;
  readonly poses: readonly string[];
  readonly weights?: string;
  readonly target?: number;
  /** Parameters of the scorer, by name. */
  readonly params: Readonly<Record<string, { readonly data: ArrayLike<number> }>>;
}

/** Destination of a report. */
export interface ReportOutput {
  readonly write: Write;
  /** True if bold text is shown, as in a terminal. */
  readonly isStyled: boolean;
}

/** Returns the report in the chosen format. */
export function reportOf(about: About, output: ReportOutput): Report {
  switch (about.format) {
    case 'csv':
      return csvReport(output.write);
    case 'jsonl':
      return jsonLines(output.write);
    case 'json':
      return jsonReport(about, output.write);
    case 'text':
      return textReport(about, output);
  }
}

/** CSV with a row for each pose, or, if only sums over the poses are known, for each compound. */
function csvReport(write: Write): Report {
  let isBegun = false;
  return {
    async compound(result) {
      const { name, file, poses, value, best, each, skipped } = result;
      const [head, rows] = each
        ? [poseHead(each), poseRows(result, each)]
        : [
            ['compound', 'file', 'poses', 'best', 'dG', 'skipped'],
            [[name, file, poses, best.score, value, skipped]],
          ];
      if (!isBegun) await write(csvLine(head));
      isBegun = true;
      await write(rows.map(csvLine).join(''));
    },
    async end() {},
  };
}

function poseHead({ terms }: PoseResults): string[] {
  return [
    'compound',
    'file',
    'pose',
    'line',
    'score',
    'weight',
    'rank',
    'dG',
    'skipped',
    ...Object.keys(terms?.[0] ?? {}),
  ];
}

function poseRows(
  { name, value, skipped }: CompoundResult,
  { predictions, weights, sources, terms }: PoseResults,
): (string | number)[][] {
  const rank = new Int32Array(predictions.length);
  Array.from(predictions.keys())
    .sort((a, b) => (predictions[a] as number) - (predictions[b] as number))
    .forEach((n, index) => {
      rank[n] = index + 1;
    });
  return Array.from(predictions, (score, n) => [
    ...[name, sources[n]?.file ?? '', sources[n]?.number ?? 0, sources[n]?.line ?? 0],
    ...[score, weights[n] as number, rank[n] as number, value, skipped],
    ...Object.values(terms?.[n] ?? {}),
  ]);
}

/** JSON Lines: an object for each compound. */
function jsonLines(write: Write): Report {
  return {
    compound: result => write(`${JSON.stringify(plain(result))}\n`),
    async end() {},
  };
}

/** One JSON object with the settings, the predictions of all poses in order, and the compounds. */
function jsonReport(about: About, write: Write): Report {
  const compounds: ReturnType<typeof plain>[] = [];
  return {
    async compound(result) {
      compounds.push(plain(result));
    },
    async end({ skipped, duplicates }, strategies) {
      const { scorer, receptor, poses, weights, combination, target } = about;
      const all = {
        files: { receptor, poses, ...(weights !== undefined && { weights }) },
        ...{ scorer, combination, ...usedSettings(about) },
        ...(target !== undefined && { target }),
        ...(compounds.some(({ predictions }) => predictions) && {
          predictions: compounds.flatMap(({ predictions = [] }) => predictions),
        }),
        ...{ compounds, skipped, duplicates },
        ...(strategies && { strategies }),
      };
      await write(`${JSON.stringify(all, undefined, 2)}\n`);
    },
  };
}

/** Returns a result as it is written in JSON. */
function plain({ each, gradient, ...rest }: CompoundResult) {
  const numbers = Object.entries(gradient).map(([name, data]) => [name, data.length === 1 ? data[0] : data]);
  return {
    ...rest,
    gradient: Object.fromEntries(numbers) as Record<string, number | readonly number[]>,
    ...(each && {
      predictions: [...each.predictions],
      weights: [...each.weights],
      numbers: each.sources.map(({ number }) => number),
      lines: each.sources.map(({ line }) => line),
      ...(each.terms && { terms: each.terms }),
    }),
  };
}
