import { predictCommand } from './cli/predict.ts';

process.exitCode = await predictCommand(process.argv.slice(2));
