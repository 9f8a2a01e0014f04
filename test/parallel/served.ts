// A worker as a bundler makes one: the scorer is in it.
import { serve } from 'posetape/parallel';
import * as scorer from './scorer.ts';

await serve(scorer);
