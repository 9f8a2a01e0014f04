// Entry of a worker whose bundle contains the scorer.
import { serve } from 'posetape/parallel';
import * as scorer from './scorer.ts';

await serve(scorer);
