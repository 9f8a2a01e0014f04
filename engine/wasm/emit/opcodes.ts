/** Instructions without immediates, by name. */
const plain = {
  select: [0x1b],
  'i32.eqz': [0x45],
  'i32.eq': [0x46],
  'i32.ne': [0x47],
  'i32.lt_s': [0x48],
  'i32.lt_u': [0x49],
  'i32.gt_s': [0x4a],
  'i32.ge_s': [0x4e],
  'i32.add': [0x6a],
  'i32.sub': [0x6b],
  'i32.mul': [0x6c],
  'i32.and': [0x71],
  'i32.or': [0x72],
  'i32.shl': [0x74],
  'i32.shr_s': [0x75],
  'f32.add': [0x92],
  'f32.max': [0x97],
  'f64.add': [0xa0],
  'f64.max': [0xa5],
  'f32.demote_f64': [0xb6],
  'f64.promote_f32': [0xbb],
  'i32x4.splat': [0xfd, 17],
  'f32x4.splat': [0xfd, 19],
  'f64x2.splat': [0xfd, 20],
  'i32x4.gt_s': [0xfd, 59],
  'i32x4.lt_s': [0xfd, 57],
  'f32x4.eq': [0xfd, 65],
  'f32x4.ne': [0xfd, 66],
  'f32x4.lt': [0xfd, 67],
  'f32x4.gt': [0xfd, 68],
  'f32x4.le': [0xfd, 69],
  'f32x4.ge': [0xfd, 70],
  'f64x2.eq': [0xfd, 71],
  'f64x2.ne': [0xfd, 72],
  'f64x2.lt': [0xfd, 73],
  'f64x2.gt': [0xfd, 74],
  'v128.not': [0xfd, 77],
  'v128.and': [0xfd, 78],
  'v128.andnot': [0xfd, 79],
  'v128.or': [0xfd, 80],
  'v128.xor': [0xfd, 81],
  'v128.bitselect': [0xfd, 82],
  'v128.any_true': [0xfd, 83],
  'f32x4.demote_f64x2_zero': [0xfd, 94],
  'f64x2.promote_low_f32x4': [0xfd, 95],
  'f32x4.floor': [0xfd, 104],
  'f64x2.nearest': [0xfd, 148],
  'i32x4.shl': [0xfd, 171],
  'i32x4.shr_s': [0xfd, 172],
  'i32x4.shr_u': [0xfd, 173],
  'i32x4.add': [0xfd, 174],
  'i32x4.sub': [0xfd, 177],
  'i32x4.mul': [0xfd, 181],
  'i64x2.shl': [0xfd, 203],
  'i64x2.shr_u': [0xfd, 205],
  'i64x2.add': [0xfd, 206],
  'i64x2.sub': [0xfd, 209],
  'f32x4.abs': [0xfd, 224],
  'f32x4.neg': [0xfd, 225],
  'f32x4.sqrt': [0xfd, 227],
  'f32x4.add': [0xfd, 228],
  'f32x4.sub': [0xfd, 229],
  'f32x4.mul': [0xfd, 230],
  'f32x4.div': [0xfd, 231],
  'f32x4.min': [0xfd, 232],
  'f32x4.max': [0xfd, 233],
  'f32x4.pmin': [0xfd, 234],
  'f32x4.pmax': [0xfd, 235],
  'f64x2.abs': [0xfd, 236],
  'f64x2.neg': [0xfd, 237],
  'f64x2.add': [0xfd, 240],
  'f64x2.sub': [0xfd, 241],
  'f64x2.mul': [0xfd, 242],
  'f64x2.div': [0xfd, 243],
  'f64x2.max': [0xfd, 245],
  'f64x2.pmin': [0xfd, 246],
  'f64x2.pmax': [0xfd, 247],
  'f32x4.convert_i32x4_s': [0xfd, 250],
  'f32x4.relaxed_madd': [0xfd, 261],
  'f32x4.relaxed_nmadd': [0xfd, 262],
  'f64x2.relaxed_madd': [0xfd, 263],
  'i32x4.relaxed_laneselect': [0xfd, 267],
} as const;

/** Instructions that read or write memory, with the binary logarithm of their alignment. */
const memory = {
  'i32.load': { opcode: [0x28], align: 2 },
  'f32.load': { opcode: [0x2a], align: 2 },
  'f64.load': { opcode: [0x2b], align: 3 },
  'i32.store': { opcode: [0x36], align: 2 },
  'f32.store': { opcode: [0x38], align: 2 },
  'f64.store': { opcode: [0x39], align: 3 },
  'v128.load': { opcode: [0xfd, 0], align: 4 },
  'v128.load32_splat': { opcode: [0xfd, 9], align: 2 },
  'v128.load64_splat': { opcode: [0xfd, 10], align: 3 },
  'v128.store': { opcode: [0xfd, 11], align: 4 },
  'v128.load32_lane': { opcode: [0xfd, 86], align: 2 },
  'v128.store32_lane': { opcode: [0xfd, 90], align: 2 },
  'v128.store64_lane': { opcode: [0xfd, 91], align: 3 },
  'v128.load32_zero': { opcode: [0xfd, 92], align: 2 },
  'v128.load64_zero': { opcode: [0xfd, 93], align: 3 },
} as const;

/** Instructions that name a lane. */
const lane = {
  'i32x4.extract_lane': [0xfd, 27],
  'f32x4.extract_lane': [0xfd, 31],
  'f64x2.extract_lane': [0xfd, 33],
  'f32x4.replace_lane': [0xfd, 32],
} as const;

export type PlainOp = keyof typeof plain;
export type MemoryOp = keyof typeof memory;
export type LaneOp = keyof typeof lane;

/** An opcode: a byte, or a prefix byte and a number. */
type Opcode = readonly [number, number?];

/** Opcodes by name (https://webassembly.github.io/spec/core/appendix/index-instructions.html). */
export const opcodes: {
  readonly plain: Readonly<Record<PlainOp, Opcode>>;
  readonly memory: Readonly<Record<MemoryOp, { readonly opcode: Opcode; readonly align: number }>>;
  readonly lane: Readonly<Record<LaneOp, Opcode>>;
} = { plain, memory, lane };
