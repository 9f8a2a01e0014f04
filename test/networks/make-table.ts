/**
 * Writes the table that reference.test.ts reads: both networks on shipped poses, with the results of PyTorch.
 *
 *     npm run test:networks
 */
import { writeFileSync } from 'node:fs';
import { command } from '../../bench/support/command.ts';
import { askPyTorch, cases, tableFile } from './table.ts';

const { python } = command('test:networks', {
  does: 'Lets PyTorch compute energies, forces and gradients of the example networks in float64, and writes the table that npm test compares posetape with.',
  takes: 'a few seconds',
  writes: 'test/networks/table.jsonl',
})
  .option('--python <command>', 'Python with PyTorch', '/usr/bin/python3')
  .parse()
  .opts<{ python: string }>();

const inputs = cases();
const answers = askPyTorch(inputs, python);
const lines = inputs.map((input, k) => `${JSON.stringify({ ...input, answer: answers[k] })}\n`);
writeFileSync(tableFile, lines.join(''));
