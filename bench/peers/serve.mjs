import { readFileSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

function cpuTime() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** As bench/support/peak.ts: what the process takes from now on at most, in bytes; null where the system does not tell. */
function restartPeak() {
  globalThis.gc?.();
  try {
    writeFileSync('/proc/self/clear_refs', '5'); // sets the peak back, on Linux
  } catch {
    return () => null;
  }
  const peak = () =>
    1024 * Number(/^VmHWM:\s*(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]);
  const before = peak();
  return () => peak() - before;
}

/**
 * Answers a line on stdin by a line of JSON: `peak`, what the process takes in the first run over what it had; `check`,
 * what comes out; `round`, CPU milliseconds a pose. `run` gives { value, norm }.
 */
export async function serve(run, poses, version) {
  const timed = async times => {
    const start = cpuTime();
    for (let i = 0; i < times; i++) await run();
    return (cpuTime() - start) / times;
  };
  let perRun;
  const answers = {
    version: () => ({ version }),
    check: run,
    async peak() {
      const peak = restartPeak();
      await run();
      return { processBytes: peak() };
    },
    async round() {
      if (perRun === undefined) {
        for (let runs = 0, spent = 0; runs < 2 || spent < 1500; runs++) {
          perRun = await timed(1);
          spent += perRun;
        }
      }
      return { cpu: (await timed(Math.max(1, Math.round(60 / perRun)))) / poses };
    },
  };
  for await (const line of createInterface({ input: process.stdin })) {
    process.stdout.write(`${JSON.stringify(await answers[line]())}\n`);
  }
}

/** A smooth minimum, −ln Σ exp(−ΔG_n), and the gradient it has, pose by pose. */
export class SmoothMinimum {
  #lowest = Number.POSITIVE_INFINITY;
  #sum = 0;
  #sums = [];

  /** @param slopes one array for each parameter */
  add(energy, slopes) {
    if (this.#sums.length === 0) this.#sums = slopes.map(slope => new Float32Array(slope.length));
    if (energy < this.#lowest) {
      const shrink = Math.exp(energy - this.#lowest);
      this.#sum *= shrink;
      for (const sum of this.#sums) for (let i = 0; i < sum.length; i++) sum[i] *= shrink;
      this.#lowest = energy;
    }
    const weight = Math.exp(this.#lowest - energy);
    this.#sum += weight;
    for (const [k, sum] of this.#sums.entries()) {
      for (let i = 0; i < sum.length; i++) sum[i] += weight * slopes[k][i];
    }
  }

  finish() {
    const gradient = this.#sums.map(sum => sum.map(each => each / this.#sum));
    return { value: this.#lowest - Math.log(this.#sum), norm: normOf(gradient) };
  }
}

/** The length of a gradient of several arrays. */
export function normOf(arrays) {
  let sum = 0;
  for (const array of arrays) for (const slope of array) sum += slope * slope;
  return Math.sqrt(sum);
}
