import { existsSync } from 'node:fs';

/** The software renderer that comes with Debian's chromium. */
export const softwareDriver = '/usr/lib/chromium/vk_swiftshader_icd.json';

/** Takes the software renderer if no Vulkan driver is named: it must be named before Dawn is loaded. */
export function useSoftwareDriver(): void {
  if (existsSync(softwareDriver)) process.env.VK_ICD_FILENAMES ??= softwareDriver;
  process.env.XDG_RUNTIME_DIR ??= '/tmp';
}
