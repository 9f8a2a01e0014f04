import { agree } from '../support/rows.ts';
import { bytes, digits, table } from '../support/text.ts';
import type { Row } from './contestant.ts';
import {
  type Facts,
  phases,
  phasesOf,
  type Renderer,
  type Times,
  type WorkloadName,
  workloadNames,
} from './names.ts';

/** Measurement of an engine on a workload, or the reason why there is none. */
export type Measurement =
  | { readonly workload: WorkloadName; readonly row: Row; readonly reason: string }
  | {
      readonly workload: WorkloadName;
      readonly row: Row;
      readonly facts: Facts;
      /** Milliseconds that the first pose takes more than the second. */
      readonly compile: number;
      readonly time: Times;
      /** Of the fastest round, in milliseconds a pose. */
      readonly bestWall: number;
      readonly poses: number;
      readonly rounds: number;
      readonly version?: string;
    };
type Found = Extract<Measurement, { facts: Facts }>;

/** PyTorch on the same GPU. */
export interface Peer {
  readonly workload: WorkloadName;
  readonly name: string;
  readonly version: string;
  readonly peakBytes: number;
  readonly value: number;
  readonly norm: number;
  readonly wall: number;
  readonly cpu: number;
}

export interface Measured {
  readonly found: readonly Measurement[];
  readonly peers: readonly Peer[];
  readonly renderer: Renderer;
  readonly rounds: number;
  /** The command line of the benchmark, and the machine it ran on. */
  readonly by: string;
}

const titles: Readonly<Record<WorkloadName, string>> = {
  network: 'A: SchNet, 300 atoms, 9600 edges, 68 thousand parameters',
  list: 'B: pairs under the cutoff, from a list, 20 parameters',
  dense: 'B: 40 × 1000 pairs with a mask, 20 parameters',
  vina: 'Vina scorer on imatinib in c-Abl, 6 weights',
  schnet: 'SchNet of the examples on the same poses',
  tiny: 'Many kernels of next to no work',
};

/** Milliseconds of a pose that the kernels are not to blame for, at 60 kernels on a software renderer. */
const overheadTarget = 5;
/** The report as Markdown: measurements, then conclusions. */
export function gpuReport(measured: Measured): string {
  const { found, renderer, rounds } = measured;
  const measuredRows = found.filter(isFound);
  const versions = new Set(measuredRows.flatMap(({ version }) => version ?? []));
  const browser = versions.size > 0 ? `; Chromium ${[...versions].join(', ')}` : '';
  const sections = workloadNames.flatMap(workload => {
    const own = found.filter(each => each.workload === workload);
    return own.length > 0 ? [section(workload, own, measured)] : [];
  });
  return `# On the GPU

${verdict(measuredRows, renderer)}

${measured.by}${browser}.

${adapters(measuredRows)}
${onRealGpu(measured)}
Value and gradient of a smooth minimum over N poses in float32, tape and all, each backend in a process or a browser of its
own, medians of up to ${rounds} rounds that go from one to the next. CPU time is that of all threads of the process, or of all
processes of the browser; in Node the binding of WebGPU asks again and again whether results are there, so that waiting costs
a thread. *Compile* is what the first pose takes more than the second, in a fresh process; – where that is less than a third
of the second, and so lost in its noise.

The parts of a pose are seen from outside gpu.js: *upload* from the call until all is written to the device, the inputs' layout
included; *launch* to encode and submit; *readback* from there until the results are mapped, in which the kernels themselves
run on webgpu and webgl2; *kernels* the calls into WebAssembly; *rest* is the tape, its gradient, the results and their fold.
cpu and jit are functions of JavaScript, with nothing outside to hold on to. Kernels, launches and readbacks are those of a pose;
pipelines those compiled for all N; what is held, and the peak, lie on the device. In Node the parts are
${renderer === 'software' ? 'CPU time, as there the CPU does all' : 'by the clock for webgpu, else CPU time'}; in Chromium they are by the clock, as a page knows no other.

${sections.join('\n')}`;
}

function isFound(each: Measurement): each is Found {
  return 'facts' in each;
}

function nameOf({ engine, place }: Row): string {
  if (engine === 'jit') return 'jit float32';
  return place === 'Chromium' || engine === 'webgpu' ? `${engine}, ${place}` : engine;
}

function section(
  workload: WorkloadName,
  own: readonly Measurement[],
  { peers, rounds: asked }: Measured,
): string {
  const rows = own.filter(isFound);
  const beside = peers.filter(each => each.workload === workload);
  const first = rows.at(-1)?.facts;
  const agrees = (facts: { value: number; norm: number }) => (first && agree(facts, first) ? 'yes' : 'no');
  const part = ({ row, time }: Found) =>
    phases.map(phase => {
      const isSeen = phasesOf[row.engine].includes(phase) && phasesOf[row.engine].length > 1;
      return isSeen ? digits(time.phases[phase]) : '–';
    });
  const device = ({ kernels, launches, readbacks, pipelines, bytes: held, peakBytes }: Facts) =>
    peakBytes > 0
      ? [`${kernels}`, `${launches}`, `${readbacks}`, `${pipelines}`, bytes(held), bytes(peakBytes)]
      : [`${kernels ?? '–'}`, '–', '–', `${pipelines ?? '–'}`, '–', '–'];
  const onDevice = ['kernels, count', 'launches', 'readbacks', 'pipelines', 'held', 'peak'];
  const none = (count: number) => Array.from({ length: count }, () => '–');
  const times = table(
    ['ms a pose', 'CPU', 'wall', 'compile', ...phases, 'agrees', ...onDevice],
    [
      ...rows.map(each => {
        const { row, time, compile, facts } = each;
        const total = [digits(time.cpu ?? Number.NaN), digits(time.wall), digits(compile)];
        return [nameOf(row), ...total, ...part(each), agrees(facts), ...device(facts)];
      }),
      ...beside.map(peer => [
        `PyTorch ${peer.version}, ${peer.name}`,
        digits(peer.cpu),
        digits(peer.wall),
        ...none(1 + phases.length),
        agrees(peer),
        ...none(onDevice.length - 1),
        bytes(peer.peakBytes),
      ]),
    ],
  );
  const notes = [
    ...own.flatMap(each => (isFound(each) ? [] : [`- ${nameOf(each.row)} was not measured: ${each.reason}`])),
    ...rows.flatMap(({ row, facts }) =>
      facts.fallbackReason ? [`- ${nameOf(row)}: ${facts.fallbackReason}`] : [],
    ),
    ...rows.flatMap(({ row, rounds }) =>
      rounds < Math.min(3, asked) ? [`- ${nameOf(row)}: ${rounds} rounds, as one takes long`] : [],
    ),
  ];
  const n = rows[0]?.poses ?? 0;
  return `## ${titles[workload]}

N = ${n}.${workload === 'tiny' ? ` ${tinyNote(rows)}` : ''}

${times}
${notes.length > 0 ? `\n${notes.join('\n')}\n` : ''}`;
}

function tinyNote(rows: readonly Found[]): string {
  const said = rows
    .filter(({ row }) => row.engine === 'webgpu')
    .map(({ row, facts, time, bestWall }) => {
      const verdict = bestWall < overheadTarget ? 'below' : 'above';
      return `- ${nameOf(row)}, ${facts.kernels} kernels: ${digits(bestWall)} ms by the clock in the fastest round, ${verdict} the target of ${overheadTarget} ms; ${digits(time.wall)} in the median round.`;
    });
  return `Four numbers a kernel, so that all of a pose is overhead, that of the kernels included; the\ntarget is an aim that this project set itself. Where other work shares the machine, the median round is longer than the fastest:\n\n${said.join('\n')}`;
}

function adapters(rows: readonly Found[]): string {
  const known = new Map(
    rows.flatMap(({ row, facts: { adapter } }) => (adapter ? [[nameOf(row), adapter] as const] : [])),
  );
  return [...known]
    .map(
      ([name, adapter]) =>
        `- ${name}: ${adapter.name}${adapter.isSoftware ? ', a software renderer: the CPU does the GPU’s work' : ''}`,
    )
    .concat('- headlessgl: not measured; it needs the package gl and a display')
    .join('\n');
}

function onRealGpu({ renderer, peers }: Measured): string {
  if (renderer === 'software') {
    return '- A real GPU: not measured, as this machine has none; nor PyTorch on one.\n';
  }
  return peers.length > 0 ? '' : '- PyTorch on the GPU: not measured, as none is installed that finds it.\n';
}

/** The fastest backend for each workload, in words. */
function verdict(rows: readonly Found[], renderer: Renderer): string {
  const cost = ({ time }: Found) => (renderer === 'software' ? (time.cpu ?? Number.NaN) : time.wall);
  const lines = workloadNames.flatMap(workload => {
    const own = rows.filter(each => each.workload === workload);
    const jit = own.find(({ row }) => row.engine === 'jit');
    const others = own.filter(each => each !== jit).toSorted((a, b) => cost(a) - cost(b));
    const [best] = others;
    if (!jit || !best) return [];
    const gpu = others.find(({ facts }) => facts.adapter !== null);
    const against = (each: Found) => {
      const ratio = cost(each) / cost(jit);
      return `${nameOf(each.row)} takes ${digits(ratio)} times that`;
    };
    const said = gpu && gpu !== best ? `${against(best)}, ${against(gpu)}` : against(best);
    return [`- ${titles[workload]}: jit ${digits(cost(jit))} ms a pose; ${said}.`];
  });
  const isJitFirst = workloadNames.every(workload => {
    const own = rows.filter(each => each.workload === workload);
    const jit = own.find(({ row }) => row.engine === 'jit');
    return !jit || own.every(each => cost(jit) <= cost(each));
  });
  const first = isJitFirst
    ? `On this machine take \`jit()\`: it is faster than every backend of gpu.js on every workload here${renderer === 'software' ? '; its WebGPU and WebGL2 are rendered in software, and what a real GPU does was not measured' : ''}.`
    : 'By workload, `jit()` on the CPU and the best backends beside it:';
  return `${first} In ${renderer === 'software' ? 'CPU time' : 'time by the clock'}:\n\n${lines.join('\n')}`;
}
