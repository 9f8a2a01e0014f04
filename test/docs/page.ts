import { readFileSync } from 'node:fs';
import { expect, vi } from 'vitest';

/** Fenced block of a Markdown page: its language, and its text without the fences. */
export interface Block {
  readonly language: string;
  readonly text: string;
}

/** Fenced blocks of the page at a path. */
export function blocksOf(path: string): Block[] {
  const blocks: Block[] = [];
  filled(readFileSync(path, 'utf8'), block => void blocks.push(block));
  return blocks;
}

/** The page with the result of `fill` in each fenced block. If the result is undefined, the block is unchanged. */
export function filled(page: string, fill: (block: Block) => string | undefined): string {
  return page.replaceAll(/^```(\w+)\n([\s\S]*?)^```$/gm, (whole, language: string, text: string) => {
    const content = fill({ language, text });
    return content === undefined ? whole : `\`\`\`${language}\n${content.trimEnd()}\n\`\`\``;
  });
}

/** Fails if filling the blocks of a page in docs/ changes it. `npx vitest run test/docs -u` updates the page. */
export async function expectFilled(name: string, fill: (block: Block) => string | undefined): Promise<void> {
  const page = readFileSync(`docs/${name}`, 'utf8');
  await expect(filled(page, fill)).toMatchFileSnapshot(`../../docs/${name}`);
}

/** Lines that a function prints by `console.log`. */
export async function printedBy(run: () => Promise<unknown>): Promise<string> {
  const printed: string[] = [];
  const log = vi.spyOn(console, 'log').mockImplementation((...words) => void printed.push(words.join(' ')));
  await run().finally(() => log.mockRestore());
  return printed.join('\n');
}
