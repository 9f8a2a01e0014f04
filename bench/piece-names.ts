/** Stages of a pose, in order; the last is all of them together, and the sum of the gradients too. */
export const pieceNames = ['record', 'record+gradient', 'key', 'layout', 'loops', 'whole'] as const;
export type PieceName = (typeof pieceNames)[number];
