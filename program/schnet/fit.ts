import { fitCommand } from './cli/fit.ts';

process.exitCode = await fitCommand(process.argv.slice(2));
