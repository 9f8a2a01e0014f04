import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { type Tensor, tensor } from 'posetape';
import { lse, type Scorer, squaredError } from 'posetape/combine';
import { type Checkpoint, fit, sgd, writeSafetensors } from 'posetape/fit';
import { mul, sub } from 'posetape/ops';

const score: Scorer<number, { slope: Tensor }> = (tape, { slope }, height) =>
  mul(slope, sub(tape.constant(height), 1));
const compounds = [2, 3, 4, 5].map(height => ({ poses: [height, height + 1], measured: 1.5 * height }));

const [file = 'fit.json', model = 'fit.safetensors'] = process.argv.slice(2);
const controller = new AbortController();
process.once('SIGINT', () => controller.abort(new Error('interrupted; run the same command to continue')));
const { params, epochs } = await fit({
  compounds,
  params: { slope: tensor(0) },
  score,
  combination: lse({ t: 1 }),
  loss: ({ measured }) => squaredError(measured),
  optimiser: sgd({ rate: 0.02, momentum: 0.9 }),
  epochs: 40,
  batch: 2,
  seed: 1,
  signal: controller.signal,
  resume: existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Checkpoint) : undefined,
  checkpointEvery: 10,
  onCheckpoint: checkpoint => {
    // Renaming replaces the file at once, so an interrupted write leaves the last checkpoint intact.
    writeFileSync(`${file}.new`, JSON.stringify(checkpoint));
    renameSync(`${file}.new`, file);
  },
});
writeFileSync(model, writeSafetensors(params, { metadata: { epochs: `${epochs.length}` } }));
console.log(`slope ${params.slope.data[0]?.toFixed(4)} after ${epochs.length} epochs`);
