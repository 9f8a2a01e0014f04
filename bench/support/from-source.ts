import { pathToFileURL } from 'node:url';

const tsx = pathToFileURL('node_modules/tsx/dist/esm/api/index.mjs').href;

/** Options of worker threads that run TypeScript and import `posetape` from its sources, on all versions of Node. */
export const fromSource: { readonly execArgv: readonly string[] } = {
  execArgv: [
    '--conditions=posetape:source',
    '--import',
    `data:text/javascript,import { register } from '${tsx}'; register();`,
  ],
};
