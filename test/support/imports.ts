import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

/** An import of one file by another. Paths start at the root of the project. */
export interface Import {
  readonly file: string;
  readonly imports: string;
  /** True for `import type` and `export type`. */
  readonly isType: boolean;
}

/** Entry files of the package's exports. */
const entries: Readonly<Record<string, string>> = {
  posetape: 'engine/index.ts',
  'posetape/ops': 'ops/index.ts',
  'posetape/combine': 'combine/index.ts',
  'posetape/fit': 'fit/index.ts',
  'posetape/parallel': 'parallel/index.ts',
  'posetape/wasm': 'engine/wasm/index.ts',
  'posetape/gpu': 'engine/gpu/index.ts',
};

/** Sorted files of a folder and its subfolders, except `node_modules` and `dist`. */
export function filesOf(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .flatMap(entry => {
      const path = join(folder, entry.name);
      if (!entry.isDirectory()) return [path];
      return ['node_modules', 'dist'].includes(entry.name) ? [] : filesOf(path);
    })
    .sort();
}

const statement =
  /^[ \t]*(?:import|export)\s+(?:(type)\s+)?(?:[^'";]*?\sfrom\s+)?'([^']+)'|\bimport\(\s*'([^']+)'/gm;

/** Static and dynamic imports of project files in the source text of a file. */
export function importsIn(file: string, source: string): Import[] {
  return [...source.matchAll(statement)].flatMap(([, type, named, dynamic]) => {
    const from = named ?? dynamic ?? '';
    const imports = from.startsWith('.') ? normalize(join(dirname(file), from)) : entries[from];
    return imports === undefined ? [] : [{ file, imports, isType: type !== undefined }];
  });
}

/** Imports of project files by all TypeScript files in these folders. */
export function importsOf(folders: readonly string[]): Import[] {
  return folders
    .flatMap(filesOf)
    .filter(file => file.endsWith('.ts'))
    .flatMap(file => importsIn(file, readFileSync(file, 'utf8')));
}

/** Sorted import cycles, each as `a.ts b.ts`: the largest sets of files that all import each other, directly or not. */
export function cyclesIn(imports: readonly Import[]): string[] {
  const next = new Map<string, string[]>();
  for (const { file, imports: to } of imports) next.set(file, [...(next.get(file) ?? []), to]);
  const reached = (from: string) => {
    const found = new Set<string>();
    const queue = [...(next.get(from) ?? [])];
    for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
      if (found.has(file)) continue;
      found.add(file);
      queue.push(...(next.get(file) ?? []));
    }
    return found;
  };
  const reach = new Map([...next.keys()].map(file => [file, reached(file)]));
  const cycles = [...reach].flatMap(([file, found]) =>
    found.has(file)
      ? [
          [...found]
            .filter(other => reach.get(other)?.has(file))
            .sort()
            .join(' '),
        ]
      : [],
  );
  return [...new Set(cycles)].sort();
}
