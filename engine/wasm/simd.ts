import { type Code, op } from './emit/code.ts';

/** Vector operations, by the SIMD features of the JavaScript engine. */
export interface Simd {
  /** True for relaxed SIMD, which can multiply and add in one instruction. */
  readonly isRelaxed: boolean;
  /**
   * The number of rows of C that a matrix product sums in registers. More rows fit if multiply-add is one instruction.
   */
  readonly tileRows: number;
  /** a·b + c */
  fma(a: Code, b: Code, c: Code): Code;
  /** c − a·b */
  nfma(a: Code, b: Code, c: Code): Code;
  /** `yes` in lanes where the mask is all ones, `no` where it is all zeros. */
  select(mask: Code, yes: Code, no: Code): Code;
}

/** The operations for every JavaScript engine with 128-bit vectors. */
export const plain: Simd = {
  isRelaxed: false,
  tileRows: 4,
  fma: (a, b, c) => op('f32x4.add', op('f32x4.mul', a, b), c),
  nfma: (a, b, c) => op('f32x4.sub', c, op('f32x4.mul', a, b)),
  select: (mask, yes, no) => op('v128.bitselect', yes, no, mask),
};

/** The operations for JavaScript engines with relaxed SIMD. */
export const relaxed: Simd = {
  isRelaxed: true,
  tileRows: 6,
  fma: (a, b, c) => op('f32x4.relaxed_madd', a, b, c),
  nfma: (a, b, c) => op('f32x4.relaxed_nmadd', a, b, c),
  select: (mask, yes, no) => op('i32x4.relaxed_laneselect', yes, no, mask),
};
