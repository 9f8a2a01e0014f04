import { softwareDriver } from '../../test/gpu/driver.ts';
import type { Measured, Programs } from '../support/measured.ts';
import { ingredientsOf } from '../workloads/ingredients.ts';
import { PageTrial } from './in-page.ts';
import type { Engine, Facts, First, Renderer, Times, WorkloadName } from './names.ts';

/** An engine and where it runs. */
export interface Row {
  readonly engine: Engine;
  readonly place: 'Node' | 'Chromium';
}

/** One engine at work on one workload, wherever it runs. */
export interface Contestant {
  first(): Promise<First>;
  facts(): Promise<Facts>;
  warmUp(): Promise<unknown>;
  round(): Promise<Times>;
  stop(): Promise<void>;
  /** Of the browser, where there is one. */
  readonly version?: string;
}

/** Starts an engine on so many poses of a workload. @throws Error that says why it cannot be had here */
export async function startContestant(
  programs: Programs,
  { engine, place }: Row,
  workload: WorkloadName,
  count: number,
  renderer: Renderer,
): Promise<Contestant> {
  if (place === 'Chromium') {
    const ingredients = workload === 'tiny' ? ({ workload } as const) : await ingredientsOf(workload, count);
    return PageTrial.start(ingredients, engine, renderer);
  }
  return processTrial(startProcess(programs, engine, workload, count, renderer));
}

/** Not bound to one core: a driver has threads of its own. */
function startProcess(
  programs: Programs,
  engine: Engine,
  workload: WorkloadName,
  count: number,
  renderer: Renderer,
): Measured {
  const env = {
    XDG_RUNTIME_DIR: process.env.XDG_RUNTIME_DIR ?? '/tmp',
    ...(renderer === 'software' && {
      VK_ICD_FILENAMES: process.env.VK_ICD_FILENAMES ?? softwareDriver,
    }),
  };
  const clock = engine === 'webgpu' && renderer === 'hardware' ? 'wall' : 'cpu';
  return programs.start('gpu/subject.ts', [workload, engine, count, clock], { env, isPinned: false });
}

/** A trial in a process of its own. */
function processTrial(process: Measured): Contestant {
  const asking =
    <Answer>(question: string) =>
    () =>
      process.ask<Answer>(question);
  return {
    first: asking<First>('first'),
    facts: asking<Facts>('facts'),
    warmUp: asking('warmUp'),
    round: asking<Times>('round'),
    stop: () => process.stop(),
  };
}

/** The renderer that WebGPU finds in Node if no driver is named; if that is a GPU, it is the one to measure. */
export async function rendererHere(programs: Programs): Promise<Renderer> {
  const probe = processTrial(startProcess(programs, 'webgpu', 'tiny', 1, 'hardware'));
  try {
    const { adapter } = await probe.facts();
    return adapter && !adapter.isSoftware ? 'hardware' : 'software';
  } catch {
    return 'software';
  } finally {
    await probe.stop();
  }
}
