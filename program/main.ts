import { saveMemory } from './command/memory.ts';

saveMemory();
// Imported after saveMemory, because V8 does not give back the memory that it takes while modules load.
const { main } = await import('./command/main.ts');

process.exitCode = await main(process.argv.slice(2));
