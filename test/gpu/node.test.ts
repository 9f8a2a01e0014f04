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
  programDivisor: 4,
  networkPoseStride: 1,
  hasOneLaunchPerPose: true,
  hasDevice: true,
});
