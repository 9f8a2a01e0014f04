import type { Engine, Ingredients } from './names.ts';
import { Trial } from './trial.ts';

/* A trial in a page, which has the backends that only a page has: what the benchmark calls by the page's global object. */

const scope = globalThis as unknown as {
  trial: Trial;
  openTrial(ingredients: Ingredients, engine: Engine): Promise<void>;
};
scope.openTrial = async (ingredients, engine) => {
  scope.trial = await Trial.open(ingredients, engine);
};
