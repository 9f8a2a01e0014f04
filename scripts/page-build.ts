// Builds examples/browser into static files: two bundles (the page and its worker) that share chunks, the sources that
// the editor shows, and the poses.
import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { type BuildOptions, type BuildResult, build, type Plugin } from 'esbuild';

/** Folder of the built page. */
export const outdir: string = 'examples/browser/dist';

const page = 'examples/browser';
const data = 'examples/vina/data/imatinib-abl';

/** Files that are copied unchanged. */
const files: Readonly<Record<string, string>> = {
  [`${page}/index.html`]: 'index.html',
  'examples/vina/score.ts': 'score.ts',
  [`${data}/pocket.pdbqt`]: 'data/pocket.pdbqt',
  [`${data}/poses.pdbqt`]: 'data/poses.pdbqt',
  [`${data}/NOTICE.md`]: 'data/NOTICE.md',
};

const copy: Plugin = {
  name: 'copy',
  setup: ({ onStart }) =>
    onStart(() => {
      mkdirSync(`${outdir}/data`, { recursive: true });
      for (const [from, to] of Object.entries(files)) cpSync(from, `${outdir}/${to}`);
    }),
};

/** Options of esbuild. */
export const options: BuildOptions = {
  entryPoints: {
    main: `${page}/main.ts`,
    worker: `${page}/worker/worker.ts`,
    style: `${page}/style.css`,
  },
  outdir,
  bundle: true,
  splitting: true,
  minify: true,
  format: 'esm',
  target: 'es2022',
  conditions: ['posetape:source'],
  // Its main file is for script tags; this one is the same as a module.
  alias: { '3dmol': '3dmol/build/3Dmol.es6-min.js' },
  loader: { '.woff2': 'file' },
  chunkNames: 'chunks/[name]-[hash]',
  assetNames: 'fonts/[name]',
  legalComments: 'linked',
  plugins: [copy],
};

/** Builds the page from scratch. */
export function buildPage(): Promise<BuildResult<{ metafile: true }>> {
  rmSync(outdir, { recursive: true, force: true });
  return build({ ...options, metafile: true as const });
}
