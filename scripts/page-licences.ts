// Collects the licences of all code and data in the built page.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { Metafile } from 'esbuild';

/** Names of a package's licence files. */
const licenceFile = /^(?:licen[cs]es?|copying|notice)(?:[.-].*)?$/i;

/** Packages that are already bundled into a file of another package, by that package. esbuild does not list them. */
const embedded: Readonly<Record<string, readonly string[]>> = {
  '3dmol': ['iobuffer', 'netcdfjs', 'pako', 'upng-js'],
  'gpu.js': ['acorn'],
};

/**
 * Returns the licences of posetape, of the docked poses, and of each package with code in the outputs.
 *
 * @throws Error naming a package without a licence file
 */
export function licencesOf({ outputs }: Metafile): string {
  const packages = new Set(
    Object.values(outputs)
      .flatMap(({ inputs }) => Object.entries(inputs))
      .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
      .map(([path]) => packageOf(path))
      .filter(path => path !== undefined),
  );
  const own = section('posetape', 'MIT', [readFileSync('LICENSE', 'utf8')]);
  const poses = section('The docked poses in data', 'Apache-2.0', [
    readFileSync('examples/vina/data/imatinib-abl/NOTICE.md', 'utf8'),
    'The text of the Apache License 2.0 is below, with echarts.',
  ]);
  // Iterating over a set also visits the packages that the loop itself adds.
  for (const folder of packages) {
    for (const name of embedded[nameOf(folder)] ?? []) {
      const nested = `${folder}/node_modules/${name}`;
      packages.add(existsSync(nested) ? nested : `node_modules/${name}`);
    }
  }
  return [own, poses, ...[...packages].sort().map(packageLicence)].join('\n');
}

/** Returns the folder of the package that a file belongs to; undefined for files of posetape. */
function packageOf(path: string): string | undefined {
  return path.match(/^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/)?.[0];
}

function nameOf(folder: string): string {
  return folder.slice(folder.lastIndexOf('node_modules/') + 'node_modules/'.length);
}

function packageLicence(folder: string): string {
  const { version, license } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8')) as {
    version: string;
    license?: string;
  };
  const name = nameOf(folder);
  const files = licenceFilesIn(folder);
  if (files.length === 0) throw new Error(`${name}: expected a licence file in ${folder}, found none`);
  const texts = files.map(file => readFileSync(`${folder}/${file}`, 'utf8'));
  return section(`${name} ${version}`, license ?? 'see below', texts);
}

/** Returns the licence files of a package, including those in a folder of licences. */
function licenceFilesIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => licenceFile.test(name))
    .flatMap(entry =>
      entry.isDirectory()
        ? readdirSync(`${folder}/${entry.name}`).map(file => `${entry.name}/${file}`)
        : entry.name,
    );
}

function section(title: string, licence: string, texts: readonly string[]): string {
  return `${'='.repeat(80)}\n${title} (${licence})\n${'='.repeat(80)}\n\n${texts.map(text => text.trim()).join('\n\n')}\n`;
}
