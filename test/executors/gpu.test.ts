import { openMachine } from '../gpu/harness.ts';
import { backendLaws } from '../gpu/laws.ts';

// gpu.js's backends that need no GPU: what a bare Node has. The others are run by npm run test:gpu.
for (const mode of ['webasm', 'cpu'] as const) {
  backendLaws({
    name: `gpu({ mode: '${mode}' })`,
    open: () => openMachine(mode),
    tolerance: 2e-5,
    ofFunctions: 2e-6,
    programsIn: 2,
    launchesOnce: false,
    hasDevice: false,
  });
}
