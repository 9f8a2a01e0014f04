// A worker with the scorer in its bundle.
import { serve } from 'posetape/parallel';
import * as scorer from './scorer.ts';

await serve(scorer);
