import { answer } from './answer.ts';
import { combine, curve } from './combine.ts';
import { executors } from './executors.ts';
import { memory } from './memory.ts';
import { molecules } from './molecules.ts';
import { open } from './open.ts';
import { slope } from './slope.ts';
import { trace } from './trace.ts';

answer({ open, molecules, combine, curve, slope, trace, memory, executors });
