// A worker as a bundler makes one: the scorer is in it.
import { serve } from 'posetape/parallel';
import * as scorer from '../parallel/scorer.ts';

void serve(scorer);
