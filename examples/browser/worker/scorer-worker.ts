import { answer } from './answer.ts';
import { open } from './open.ts';
import { tryScorer } from './scorer.ts';

answer({ open, tryScorer });
