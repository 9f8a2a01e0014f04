import { main } from './score/command.ts';

process.exitCode = await main(process.argv.slice(2));
