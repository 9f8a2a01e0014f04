import { exitCodes } from '../command/errors.ts';
import { poolings } from '../command/poolings.ts';
import type { Context } from '../command/subcommand.ts';
import { checkWritable, writeAtomically } from '../files/atomic.ts';
import { readCompounds } from '../read/folder.ts';
import { type Model, untrained } from '../schnet/model.ts';
import {
  bindingEnergy,
  type Compound,
  type Fit,
  lossOf,
  predictCompound,
  training,
} from '../schnet/training.ts';
import { modelToJson } from '../schnet/weights.ts';
import type { FitOptions } from './options.ts';
import { describeEpoch, describeFit, describeStart } from './report.ts';

/** The compounds that are fitted, and those that are only predicted. */
export interface Sets {
  readonly fitted: readonly Compound[];
  readonly leftOut: readonly Compound[];
}

/** Mean squared errors, (kcal/mol)² or those of pKi. */
export interface EpochLoss {
  /** From 1. */
  readonly epoch: number;
  /** Over the fitted compounds, each before the step that it took part in. */
  readonly loss: number;
  /** Over those left out, after the epoch; null if there are none. */
  readonly leftOut: number | null;
}

/** What the command finds out. */
export interface FitResult {
  readonly epochs: readonly EpochLoss[];
  readonly compounds: readonly CompoundResult[];
  /** Root mean square errors of ΔG by the fitted model, kcal/mol. */
  readonly fitted: SetResult;
  /** null if none was left out. */
  readonly leftOut: SetResult | null;
}

/** One compound after the fit. Energies in kcal/mol. */
export interface CompoundResult {
  readonly name: string;
  readonly isFitted: boolean;
  readonly poses: number;
  readonly measured: number;
  readonly predicted: number;
}

/** Errors over several compounds, kcal/mol. */
export interface SetResult {
  readonly rmse: number;
  /** Of giving every compound the mean of the fitted ones: what a model must beat. */
  readonly rmseOfMean: number;
}

/** Fits a SchNet to several compounds, and tells the loss by epoch. The model is saved after each epoch. */
export async function runFit(options: FitOptions, context: Context): Promise<number> {
  const { out, json } = options;
  const say = async (text: string) => {
    if (!json) await context.write(text);
  };
  if (out !== undefined) await checkWritable(out);
  const sets = divided(
    await readCompounds(options.folder, options.settings, options.limit),
    options.leaveOut,
  );
  await say(describeStart(sets, options, context.isStyled));
  const save = async (model: Model) => {
    if (out !== undefined) await writeAtomically(out, modelToJson(model));
  };
  let saved = 0;
  const { model, result } = await fitAll(sets, options, context, {
    onEpoch: async (epoch, model) => {
      await say(describeEpoch(epoch));
      await save(model);
      saved = epoch.epoch;
    },
  }).catch(error => {
    if (out !== undefined && saved > 0) context.warn(`the model of epoch ${saved} is in ${out}`);
    throw error;
  });
  await save(model);
  if (json) await context.write(`${JSON.stringify(result, undefined, 2)}\n`);
  else await say(describeFit(result, options, context.isStyled));
  return exitCodes.done;
}

/** Takes the compounds that are to be left out apart. */
export function divided(compounds: readonly Compound[], leaveOut: readonly string[]): Sets {
  const unknown = leaveOut.find(name => !compounds.some(compound => compound.name === name));
  if (unknown !== undefined) {
    throw new Error(`--leave-out ${unknown}: there are ${compounds.map(({ name }) => name).join(', ')}`);
  }
  const isLeftOut = ({ name }: Compound) => leaveOut.includes(name);
  const sets = { fitted: compounds.filter(each => !isLeftOut(each)), leftOut: compounds.filter(isLeftOut) };
  if (sets.fitted.length === 0) throw new Error('--leave-out: no compound remains to be fitted');
  return sets;
}

/** Fits a model and predicts every compound with it. */
export async function fitAll(
  { fitted, leftOut }: Sets,
  options: FitOptions,
  { progress, breathe, signal }: Pick<Context, 'progress' | 'breathe' | 'signal'>,
  { onEpoch }: { readonly onEpoch: (epoch: EpochLoss, model: Model) => Promise<void> },
): Promise<{ model: Model; result: FitResult }> {
  const fit: Fit = { ...options, combination: poolings[options.combination].make(options) };
  let model = untrained(options.settings, options.seed);
  const epochs: EpochLoss[] = [];
  try {
    const rounds = training(fitted, model, fit, async done => {
      progress.show(`epoch ${epochs.length + 1}`, done, fitted.length);
      await breathe();
      signal.throwIfAborted();
    });
    while (epochs.length < options.epochs) {
      const { value } = await rounds.next();
      model = { ...model, weights: value.weights };
      const losses = (await predicted(leftOut, model, fit)).map((energy, i) =>
        lossOf(energy, leftOut[i] as Compound, fit),
      );
      const epoch = {
        epoch: epochs.length + 1,
        loss: value.loss,
        leftOut: losses.length > 0 ? average(losses) : null,
      };
      epochs.push(epoch);
      progress.stop();
      await onEpoch(epoch, model);
    }
    const results = [
      ...(await resultsOf(fitted, model, fit, true)),
      ...(await resultsOf(leftOut, model, fit, false)),
    ];
    return { model, result: { epochs, compounds: results, ...errorsOf(results) } };
  } finally {
    progress.stop();
  }
}

async function predicted(compounds: readonly Compound[], model: Model, fit: Fit): Promise<number[]> {
  const energies: number[] = [];
  for (const compound of compounds) energies.push(await predictCompound(compound, model, fit));
  return energies;
}

async function resultsOf(
  compounds: readonly Compound[],
  model: Model,
  fit: Fit,
  isFitted: boolean,
): Promise<CompoundResult[]> {
  const energies = await predicted(compounds, model, fit);
  return compounds.map(({ name, poses, pKi }, i) => ({
    name,
    isFitted,
    poses: poses.length,
    measured: bindingEnergy(pKi, fit.kT),
    predicted: energies[i] as number,
  }));
}

function errorsOf(results: readonly CompoundResult[]): Pick<FitResult, 'fitted' | 'leftOut'> {
  const [fitted, leftOut] = [true, false].map(which =>
    results.filter(({ isFitted }) => isFitted === which),
  ) as [CompoundResult[], CompoundResult[]];
  const center = average(fitted.map(({ measured }) => measured));
  const errors = (set: readonly CompoundResult[]) => ({
    rmse: rootMeanSquare(set.map(({ predicted, measured }) => predicted - measured)),
    rmseOfMean: rootMeanSquare(set.map(({ measured }) => center - measured)),
  });
  return { fitted: errors(fitted), leftOut: leftOut.length > 0 ? errors(leftOut) : null };
}

function average(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0) / numbers.length;
}

function rootMeanSquare(numbers: readonly number[]): number {
  return Math.sqrt(average(numbers.map(each => each ** 2)));
}
