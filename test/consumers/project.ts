import { execFile, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

/** Files of the checkout that packing may need. Only these are copied. */
const sources = [
  ...['package.json', 'README.md', 'LICENSE', 'CHANGELOG.md', 'tsconfig.json', 'tsconfig.build.json'],
  ...['engine', 'ops', 'combine', 'fit', 'parallel', 'scripts'],
];

/** The packed library, and a project that installed it. */
export interface Project {
  /** Copy of the checkout in which the library was packed. */
  readonly checkout: string;
  /** Files of the copy before packing. */
  readonly before: readonly string[];
  /** Path of the tarball. */
  readonly tarball: string;
  /** Paths in the tarball. */
  readonly packed: readonly string[];
  /** Folder of the project, with the files of `fixture` and the tools in its package.json. */
  readonly folder: string;
  /**
   * Runs a program of node_modules in the project, and returns its standard output.
   *
   * @throws Error with its output if it fails
   */
  run(program: string, ...args: readonly string[]): Promise<string>;
  remove(): void;
}

/** Packs the library in a copy of the checkout, and installs it in a new project with the tools. */
export function makeProject(): Project {
  const temporary = mkdtempSync(join(tmpdir(), 'posetape-consumers-'));
  const [checkout, folder] = [join(temporary, 'checkout'), join(temporary, 'project')];
  for (const source of sources) {
    const filter = (path: string) => !path.includes('node_modules');
    cpSync(source, join(checkout, source), { recursive: true, filter });
  }
  const before = filesOf(checkout);
  symlinkSync(resolve('node_modules'), join(checkout, 'node_modules'), 'junction');
  // The output of the build comes before the listing.
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

/** Sorted paths of the files in a folder and its subfolders, without node_modules. */
export function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .filter(path => !path.startsWith('node_modules'))
    .sort();
}

/** Text of a built module and of its static imports, without modules that it loads later. */
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
