import { existsSync } from 'node:fs';
import { chromiumPath } from '../support/browser.ts';
import { softwareDriver, useSoftwareDriver } from './driver.ts';

/**
 * Global set-up for Vitest. Prints which backends are tested and which are not.
 *
 * @throws Error that says what to install, if something is missing
 */
export default function setup(): void {
  useSoftwareDriver();
  const missing = [
    ...(existsSync(chromiumPath) ? [] : [`Chromium at ${chromiumPath}`]),
    ...(process.env.VK_ICD_FILENAMES ? [] : [`a Vulkan driver (VK_ICD_FILENAMES, or ${softwareDriver})`]),
  ];
  if (missing.length > 0) {
    throw new Error(
      `test:gpu needs ${missing.join(' and ')}; on Debian: apt-get install chromium libvulkan1. Elsewhere set POSETAPE_CHROMIUM to a Chromium`,
    );
  }
  console.log(
    `run: webgpu in Node (Dawn on ${process.env.VK_ICD_FILENAMES}), webgpu and webgl2 in ${chromiumPath}`,
  );
  console.log('not run: headlessgl, which needs the package gl and a display');
  if (process.env.VK_ICD_FILENAMES === softwareDriver)
    console.log('not run: any real GPU, because the driver renders in software');
}
