import { existsSync } from 'node:fs';

/** Vulkan driver of the software renderer in Debian's chromium. */
export const softwareDriver = '/usr/lib/chromium/vk_swiftshader_icd.json';

/** Selects the software renderer if the environment names no Vulkan driver. Call it before Dawn is loaded. */
export function useSoftwareDriver(): void {
  if (existsSync(softwareDriver)) process.env.VK_ICD_FILENAMES ??= softwareDriver;
  process.env.XDG_RUNTIME_DIR ??= '/tmp';
}
