import type { Value } from 'posetape';
import { planOf } from '../engine/compile/loops.ts';
import type { Input } from '../engine/compile/planned.ts';
import { structureOf } from '../engine/compile/structure.ts';
import { liveValues } from '../engine/executor.ts';
import { Arena } from '../engine/wasm/arena.ts';
import { Machine } from '../engine/wasm/machine.ts';
import { programOf } from '../engine/wasm/program.ts';
import { engine } from '../engine/wasm/support.ts';
import { plain, relaxed } from '../engine/wasm/target.ts';

const { api, isRelaxed } = engine();
const arena = new Arena(api);
const machines = new Map<string, Machine>();

/** What was planned and compiled for a structure; `isNew`: again, even if it is known. */
export function machineOf(wanted: readonly Value[], { isNew = false }: { isNew?: boolean } = {}): Machine {
  const live = liveValues(wanted);
  const structure = structureOf(live, wanted, 'float32');
  const known = machines.get(structure.key);
  if (known && !isNew) return known;
  const plan = planOf(live, wanted, structure, { guesses: true });
  const made = new Machine(programOf(plan, structure, isRelaxed ? relaxed : plain), arena, api);
  machines.set(structure.key, made);
  return made;
}

/** One pose's code. */
export interface WasmLoops {
  readonly machine: Machine;
  run(): void;
  /** The same without the copies, where nothing else ran in between. */
  again(): void;
}

/** The generated code alone, as `wasm` runs it, with the copies of its inputs: no tape, no key, no results. */
export function wasmLoops(wanted: readonly Value[]): WasmLoops {
  const live = liveValues(wanted);
  const machine = machineOf(wanted);
  const structure = structureOf(live, wanted, 'float32');
  const inputs = machine.program.plan.inputPlaces.map(place => (live[place] as Value).form as Input);
  return {
    machine,
    again: () => machine.run(machine.bind(structure, inputs), structure),
    run: () => {
      const binding = machine.bind(structure, inputs);
      arena.reserve(binding.bytes);
      machine.load({ inputs, binding });
      machine.run(binding, structure);
    },
  };
}
