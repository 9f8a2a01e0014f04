// The worker of `workers({ module })`: serves the module that it is told.
import { serve } from './serve.ts';

await serve();
