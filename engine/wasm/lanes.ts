import type { Path } from '../compile/ir.ts';
import { type Code, extract, i32, ints, load, loadLane, op, shuffle, store, storeLane } from './emit/code.ts';
import { add, and, keep, type Site } from './maths/arithmetic.ts';
import { addDoubles } from './sums.ts';

/** Four entries of a loop that are computed at once. */
export interface Lanes {
  readonly path: Path;
  /** Index of the first entry. */
  readonly index: Code;
  /** In the last, partial iteration, the number of entries left; otherwise undefined. */
  readonly left?: Code;
  /** In the last, partial iteration, a mask of the lanes that are entries; otherwise undefined. */
  readonly mask?: Code;
}

/** The lanes of an iteration. Only the last, partial iteration has `left`: see {@link Lanes.left}. */
export function lanesOf(site: Site, path: Path, index: Code, left?: Code): Lanes {
  if (!left) return { path, index };
  const mask = op('i32x4.lt_s', site.f.constant(ints(0, 1, 2, 3)), op('i32x4.splat', left));
  return { path, index, left, mask: keep(site, mask, 'mask') };
}

/**
 * The address of the numbers in four lanes. `same`: all lanes share one number. `next`: the numbers are adjacent.
 * `lanes`: each lane has an address of its own.
 */
export interface Address {
  readonly kind: 'same' | 'next' | 'lanes';
  /** Byte address of the first lane, or a vector of the lanes' addresses. */
  readonly at: Code;
}

const four = [0, 1, 2, 3];

/** Sets the addresses of lanes past the end to 0, which is a valid address. The numbers read there are not used. */
function safe(at: Code, { mask }: { mask?: Code } = {}): Code {
  return mask ? and(at, mask) : at;
}

/** A vector of the numbers at an address. */
export function loadAt(site: Site, { kind, at }: Address, lanes: Lanes | undefined): Code {
  if (kind === 'same') return load('v128.load32_splat', at);
  if (kind === 'next') return load('v128.load', at);
  const addresses = keep(site, safe(at, lanes), 'at');
  const addressIn = (lane: number) => extract('i32x4.extract_lane', lane, addresses);
  return four
    .slice(1)
    .reduce<Code>(
      (loaded, lane) => loadLane(addressIn(lane), lane, loaded),
      load('v128.load32_zero', addressIn(0)),
    );
}

/** Calls `write` for each lane, inside a branch for lanes that may be past the end. */
function forEachLane(site: Site, lanes: Lanes | undefined, write: (lane: number) => void): void {
  for (const lane of four) {
    const { left } = lanes ?? {};
    // `left` is at most 3, so lane 3 is past the end.
    if (left && lane === 3) continue;
    if (left && lane > 0) site.f.if(op('i32.gt_s', left, i32(lane)), () => write(lane));
    else write(lane);
  }
}

/** Stores the numbers of the lanes. */
export function storeLanes(site: Site, { kind, at }: Address, value: Code, lanes: Lanes | undefined): void {
  const { f } = site;
  if (kind === 'same') {
    f.add(storeLane(at, 0, value));
  } else if (kind === 'next' && !lanes?.left) {
    f.add(store('v128.store', at, value));
  } else {
    const vector = keep(site, value);
    const address = f.let(kind === 'next' ? 'i32' : 'v128', at, 'at');
    forEachLane(site, lanes, lane => {
      const to = kind === 'next' ? address : extract('i32x4.extract_lane', lane, address);
      f.add(storeLane(to, lane, vector, kind === 'next' ? 4 * lane : 0));
    });
  }
}

/**
 * Adds terms to float64 numbers in memory. `at` is half the byte address, since positions count 4 bytes an entry and a
 * sum takes 8: see `Slot` in frame.ts. Several lanes may add to the same number.
 */
export function addToDoubles(site: Site, { kind, at }: Address, term: Code, lanes: Lanes | undefined): void {
  const { f } = site;
  const into = (to: Code, number: Code, offset = 0) => {
    const sum = op('f64.add', load('f64.load', to, offset), op('f64.promote_f32', number));
    f.add(store('f64.store', to, sum, offset));
  };
  const termIn = (lane: number) => extract('f32x4.extract_lane', lane, term);
  if (kind === 'same') {
    const to = f.let('i32', op('i32.shl', at, i32(1)), 'to');
    into(to, lanes ? extract('f32x4.extract_lane', 0, sumOfFour(site, term)) : termIn(0));
  } else if (kind === 'lanes') {
    const addresses = keep(site, op('i32x4.shl', at, i32(1)), 'at');
    forEachLane(site, lanes, lane =>
      into(f.let('i32', extract('i32x4.extract_lane', lane, addresses), 'to'), termIn(lane)),
    );
  } else {
    const to = f.let('i32', op('i32.shl', at, i32(1)), 'to');
    if (lanes?.left) forEachLane(site, lanes, lane => into(to, termIn(lane), 8 * lane));
    else addDoubles(f, to, term);
  }
}

/** Adds terms to float32 numbers in memory. */
export function addToFloats(site: Site, address: Address, term: Code, lanes: Lanes | undefined): void {
  const total = () => (lanes ? sumOfFour(site, term) : term);
  combineInto(site, address, term, total, lanes, { vector: add, scalar: (a, b) => op('f32.add', a, b) });
}

/** Replaces float32 numbers in memory by larger terms. */
export function storeLargest(site: Site, address: Address, term: Code, lanes: Lanes | undefined): void {
  const total = () => (lanes ? largestOfFour(site, term) : term);
  const vector = (a: Code, b: Code) => op('f32x4.max', a, b);
  combineInto(site, address, term, total, lanes, { vector, scalar: (a, b) => op('f32.max', a, b) });
}

/** An operation on vectors of four lanes, and the same operation on single numbers. */
interface Combination {
  readonly vector: (a: Code, b: Code) => Code;
  readonly scalar: (a: Code, b: Code) => Code;
}

/** Combines terms with float32 numbers in memory; `total` combines the lanes if they have the same address. */
function combineInto(
  site: Site,
  { kind, at }: Address,
  term: Code,
  total: () => Code,
  lanes: Lanes | undefined,
  { vector, scalar }: Combination,
): void {
  const { f } = site;
  const into = (to: Code, number: Code) =>
    f.add(store('f32.store', to, scalar(load('f32.load', to), number)));
  if (kind === 'same') {
    into(f.let('i32', at, 'to'), extract('f32x4.extract_lane', 0, total()));
  } else if (kind === 'next') {
    const to = f.let('i32', at, 'to');
    storeLanes(site, { kind, at: to }, vector(load('v128.load', to), term), lanes);
  } else {
    const addresses = keep(site, at, 'at');
    forEachLane(site, lanes, lane => {
      const to = f.let('i32', extract('i32x4.extract_lane', lane, addresses), 'to');
      into(to, extract('f32x4.extract_lane', lane, term));
    });
  }
}

/** The sum of the lanes, (0 + 2) + (1 + 3), in every lane. */
function sumOfFour(site: Site, term: Code): Code {
  const pairs = keep(site, add(term, shuffle(term, term, [2, 3, 0, 1])));
  return add(pairs, shuffle(pairs, pairs, [1, 0, 3, 2]));
}

/** The largest of four lanes, in every lane. */
function largestOfFour(site: Site, term: Code): Code {
  const pairs = keep(site, op('f32x4.max', term, shuffle(term, term, [2, 3, 0, 1])));
  return op('f32x4.max', pairs, shuffle(pairs, pairs, [1, 0, 3, 2]));
}
