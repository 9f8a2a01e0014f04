// The worker file of `workers({ module })`. The start message names the module.
import { serve } from './serve.ts';

await serve();
