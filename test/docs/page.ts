import { readFileSync } from 'node:fs';
import { expect, vi } from 'vitest';

/** A fenced block of a page: its language, and its text without the fences. */
export interface Block {
  readonly language: string;
  readonly text: string;
}

/** The fenced blocks of a page, by its path. */
export function blocksOf(path: string): Block[] {
  const blocks: Block[] = [];
  filled(readFileSync(path, 'utf8'), block => void blocks.push(block));
  return blocks;
}

/** The page with each fenced block replaced by what `fill` gives for it; undefined leaves it as it is. */
export function filled(page: string, fill: (block: Block) => string | undefined): string {
  return page.replaceAll(/^```(\w+)\n([\s\S]*?)^```$/gm, (whole, language: string, text: string) => {
    const made = fill({ language, text });
    return made === undefined ? whole : `\`\`\`${language}\n${made.trimEnd()}\n\`\`\``;
  });
}

/**
 * Fails unless a page in docs/ is itself with its blocks filled. `npx vitest run test/docs -u` writes the blocks anew.
 */
export async function expectFilled(name: string, fill: (block: Block) => string | undefined): Promise<void> {
  const page = readFileSync(`docs/${name}`, 'utf8');
  await expect(filled(page, fill)).toMatchFileSnapshot(`../../docs/${name}`);
}

/** The lines that a program writes to the console. */
export async function printedBy(run: () => Promise<unknown>): Promise<string> {
  const printed: string[] = [];
  const log = vi.spyOn(console, 'log').mockImplementation((...words) => void printed.push(words.join(' ')));
  await run().finally(() => log.mockRestore());
  return printed.join('\n');
}
