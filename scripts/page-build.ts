// Builds examples/browser into static files: the bundles of the page and of its worker, which share chunks; the worker that
// runs the editor's code, as one self-contained script; the source that the editor shows; the poses; and the licences.
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { type BuildOptions, build, type Metafile, type Plugin } from 'esbuild';
import { licencesOf } from './page-licences.ts';

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

/** Build options that the page's bundles and the self-contained worker share. */
const common = {
  outdir,
  bundle: true,
  minify: true,
  metafile: true,
  format: 'esm',
  target: 'es2022',
  conditions: ['posetape:source'],
  // The licences are in licences.txt.
  legalComments: 'none',
} as const satisfies BuildOptions;

/** Options of esbuild for the page, and for the worker that must be one script. */
export const options: readonly [page: BuildOptions, scorer: BuildOptions] = [
  {
    ...common,
    entryPoints: {
      main: `${page}/main.ts`,
      worker: `${page}/worker/worker.ts`,
      style: `${page}/style.css`,
    },
    splitting: true,
    // The main file of 3Dmol.js is meant for a script tag. This file has the same code as a module.
    alias: { '3dmol': '3dmol/build/3Dmol.es6-min.js' },
    loader: { '.woff2': 'file' },
    chunkNames: 'chunks/[name]-[hash]',
    assetNames: 'fonts/[name]',
    plugins: [copy],
  },
  { ...common, entryPoints: { 'scorer-worker': `${page}/worker/scorer-worker.ts` } },
];

/** Builds the page from scratch. */
export async function buildPage(): Promise<Metafile> {
  rmSync(outdir, { recursive: true, force: true });
  const results = await Promise.all(options.map(bundle => build(bundle)));
  return finish(results.map(({ metafile }) => metafile as Metafile));
}

/** Writes the licences of all bundles, and returns their metafiles joined into one. */
export function finish(metafiles: readonly Metafile[]): Metafile {
  const all: Metafile = {
    inputs: Object.assign({}, ...metafiles.map(({ inputs }) => inputs)),
    outputs: Object.assign({}, ...metafiles.map(({ outputs }) => outputs)),
  };
  writeFileSync(`${outdir}/licences.txt`, licencesOf(all));
  return all;
}
