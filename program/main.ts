import { saveMemory } from './command/memory.ts';

saveMemory();
// After that: memory that modules have taken while they were loaded is not given back.
const { main } = await import('./command/main.ts');

process.exitCode = await main(process.argv.slice(2));
