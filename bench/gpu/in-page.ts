import { type OpenPage, openPage } from '../../test/support/browser.ts';
import type { Engine, Facts, First, Ingredients, Renderer, Times } from './names.ts';
import type { Trial } from './trial.ts';

/** The global object of a page, as seen by code that runs in the page. */
interface InPage {
  readonly trial: Trial;
  openTrial(ingredients: Ingredients, engine: Engine): Promise<void>;
}

const flags: Readonly<Record<Renderer, readonly string[]>> = {
  software: ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader', '--enable-unsafe-swiftshader'],
  hardware: ['--enable-unsafe-webgpu', '--enable-features=Vulkan', '--ignore-gpu-blocklist'],
};

/** A trial in a page of a browser of its own. */
export class PageTrial {
  readonly #open: OpenPage;

  private constructor(open: OpenPage) {
    this.#open = open;
  }

  static async start(ingredients: Ingredients, engine: Engine, renderer: Renderer): Promise<PageTrial> {
    const open = await openPage('bench/gpu/page.ts', { flags: flags[renderer] });
    const { page } = open;
    try {
      await page.evaluate(
        ({ ingredients, engine }) => (globalThis as unknown as InPage).openTrial(ingredients, engine),
        { ingredients, engine },
      );
      return new PageTrial(open);
    } catch (error) {
      await open.close();
      throw error;
    }
  }

  get version(): string {
    return this.#open.version;
  }

  first(): Promise<First> {
    return this.#open.page.evaluate(() => (globalThis as unknown as InPage).trial.first(), null);
  }

  facts(): Promise<Facts> {
    return this.#open.page.evaluate(() => (globalThis as unknown as InPage).trial.facts(), null);
  }

  warmUp(): Promise<void> {
    return this.#open.page.evaluate(() => (globalThis as unknown as InPage).trial.warmUp(), null);
  }

  /** With the CPU time of all the browser's processes: that of its GPU does what a software renderer does. */
  async round(): Promise<Times> {
    const { page } = this.#open;
    const start = await this.#open.cpuTime();
    const times = await page.evaluate(() => (globalThis as unknown as InPage).trial.round(), null);
    return { ...times, cpu: ((await this.#open.cpuTime()) - start) / times.poses };
  }

  stop(): Promise<void> {
    return this.#open.close();
  }
}
