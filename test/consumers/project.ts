import { execFile, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

/** Files of the library and of its packing, and no others: what is not named here must not be needed. */
const sources = [
  ...['package.json', 'README.md', 'LICENSE', 'CHANGELOG.md', 'tsconfig.json', 'tsconfig.build.json'],
  ...['engine', 'ops', 'combine', 'fit', 'parallel', 'scripts'],
];

/** The packed library, and a project that has installed it. */
export interface Project {
  /** A copy of the checkout in which it was packed, and which files were there before. */
  readonly checkout: string;
  readonly before: readonly string[];
  /** Path of the tarball. */
  readonly tarball: string;
  /** Paths in the tarball. */
  readonly packed: readonly string[];
  /** Folder of the project, with the files of `fixture` and the tools that its package.json names. */
  readonly folder: string;
  /**
   * Standard output of a program of a package.
   *
   * @throws Error with what it printed, if it fails
   */
  run(program: string, ...args: readonly string[]): Promise<string>;
  remove(): void;
}

/** Packs the library in a copy of the checkout, and installs it with the tools. */
export function makeProject(): Project {
  const temporary = mkdtempSync(join(tmpdir(), 'posetape-consumers-'));
  const [checkout, folder] = [join(temporary, 'checkout'), join(temporary, 'project')];
  for (const source of sources) {
    const filter = (path: string) => !path.includes('node_modules');
    cpSync(source, join(checkout, source), { recursive: true, filter });
  }
  const before = filesOf(checkout);
  symlinkSync(resolve('node_modules'), join(checkout, 'node_modules'), 'junction');
  // Before it stands what the build printed.
  const [listing = ''] = /^\[$[\s\S]*/m.exec(npm(checkout, 'pack --json --loglevel=error')) ?? [];
  const [{ filename, files }] = JSON.parse(listing) as [
    { filename: string; files: readonly { readonly path: string }[] },
  ];
  const tarball = join(checkout, filename);
  cpSync('test/consumers/fixture', folder, { recursive: true });
  npm(folder, `install --no-audit --no-fund --loglevel=error ${tarball}`);
  return {
    checkout,
    before,
    tarball,
    packed: files.map(({ path }) => path),
    folder,
    async run(program, ...args) {
      try {
        const { stdout } = await promisify(execFile)(resolve(folder, 'node_modules', program), args, {
          cwd: folder,
          env: { ...process.env, NO_COLOR: '1' },
        });
        return stdout.trim();
      } catch (error) {
        const { stdout, stderr } = error as { readonly stdout?: string; readonly stderr?: string };
        throw new Error(`${program} ${args.join(' ')}: ${stdout}${stderr}`, { cause: error });
      }
    },
    remove: () => rmSync(temporary, { recursive: true, force: true }),
  };
}

/** Files below a folder, by path, without those of node_modules. */
export function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .filter(path => !path.startsWith('node_modules'))
    .sort();
}

/** Text of a built module and of all that it imports at once, not of what it loads later. */
export function eagerText(folder: string, name: string, seen: Set<string> = new Set()): string {
  if (seen.has(name)) return '';
  seen.add(name);
  const text = readFileSync(join(folder, name), 'utf8');
  const imported = [...text.matchAll(/(?:from|import)\s*["'](\.\/[^"']+)["']/g)];
  return text + imported.map(([, path = '']) => eagerText(folder, join(name, '..', path), seen)).join('');
}

function npm(cwd: string, args: string): string {
  const { status, stdout, stderr } = spawnSync(`npm ${args}`, { cwd, shell: true, encoding: 'utf8' });
  if (status !== 0) throw new Error(`npm ${args}: ${stdout}${stderr}`);
  return stdout;
}
