import { useSoftwareDriver } from './driver.ts';
import { openMachine } from './harness.ts';
import { backendLaws } from './laws.ts';
import { loseWebGpu } from './lose.ts';

useSoftwareDriver();

backendLaws({
  name: "gpu({ mode: 'webgpu' }) in Node",
  open: () => openMachine('webgpu', loseWebGpu),
  tolerance: 1e-4,
  functionTolerance: 4e-6,
  programsIn: 4,
  networkPosesIn: 1,
  launchesOnce: true,
  hasDevice: true,
});
