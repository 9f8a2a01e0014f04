/** Bonded atoms of each atom, by place. */
export type Bonds = readonly (readonly number[])[];

/** Atoms with labels, such as their types, and the bonds between them. */
export interface Graph {
  readonly labels: readonly string[];
  readonly bonds: Bonds;
}

/** Settings of a search among the matchings of two graphs. */
export interface Matching {
  /** Cost of matching atom `a` of the first graph with atom `b` of the second, at least 0. */
  readonly cost: (a: number, b: number) => number;
  /** Largest total cost of a matching. Default: no limit. */
  readonly limit?: number;
  /** Number of steps after which the search ends with the best matching so far. Default: a million. */
  readonly steps?: number;
}

/** Best matching that a search has found. */
export interface Match {
  /** Atom of the second graph for each atom of the first. */
  readonly atoms: Int32Array;
  readonly cost: number;
}

/**
 * Finds the atoms of one graph in another with the same atoms and bonds, possibly in another order. If the
 * steps run out, the matching may not be the cheapest.
 *
 * @returns the matching of the smallest total cost, or undefined if the graphs differ or none is within the limit
 */
export type Matcher = (options: Matching) => Match | undefined;

/**
 * Prepares the search for matchings of two graphs; `matcherOf(graph, graph)` finds symmetries. It first
 * compares colours of the atoms by their surroundings, then searches depth-first from bond to bond.
 */
export function matcherOf(first: Graph, second: Graph): Matcher {
  const count = first.labels.length;
  if (second.labels.length !== count) return () => undefined;
  const [coloursA, coloursB] = colours(first, second) as [Int32Array, Int32Array];
  const candidates = candidatesOf(coloursA, coloursB);
  if (!candidates) return () => undefined;
  const order = walk(first, candidates);
  const orderedAt = new Int32Array(count);
  order.forEach(({ atom }, place) => {
    orderedAt[atom] = place;
  });
  // Bonds of each atom to those before it in the order.
  const earlier = order.map(({ atom }, place) =>
    (first.bonds[atom] as number[]).filter(other => (orderedAt[other] as number) < place),
  );
  const bondedB = second.bonds.map(others => new Set(others));

  return ({ cost, limit = Number.POSITIVE_INFINITY, steps = 1e6 }) => {
    const chosen = new Int32Array(count).fill(-1);
    const taken = new Uint8Array(count);
    // The least that the atoms from a place on can cost.
    const least = new Float64Array(count + 1);
    for (let place = count - 1; place >= 0; place--) {
      const { atom } = order[place] as Step;
      let smallest = Number.POSITIVE_INFINITY;
      for (const b of candidates[atom] as number[]) smallest = Math.min(smallest, cost(atom, b));
      least[place] = smallest + (least[place + 1] as number);
    }
    if ((least[0] as number) > limit) return undefined;
    let best: Match | undefined;
    let stepsLeft = steps;

    const search = (place: number, costSoFar: number): void => {
      if (place === count) {
        best = { atoms: chosen.slice(), cost: costSoFar };
        return;
      }
      const { atom, from } = order[place] as Step;
      const colour = coloursA[atom];
      const options = (
        from < 0 ? (candidates[atom] as number[]) : (second.bonds[chosen[from] as number] as number[])
      )
        .filter(b => !taken[b] && coloursB[b] === colour)
        .map(b => ({ b, its: cost(atom, b) }))
        .sort((x, y) => x.its - y.its);
      for (const { b, its } of options) {
        const atLeast = costSoFar + its + (least[place + 1] as number);
        if (atLeast > limit || (best && atLeast >= best.cost)) return;
        if (stepsLeft-- <= 0) return;
        const bonded = bondedB[b] as Set<number>;
        if (!(earlier[place] as number[]).every(other => bonded.has(chosen[other] as number))) continue;
        chosen[atom] = b;
        taken[b] = 1;
        search(place + 1, costSoFar + its);
        taken[b] = 0;
      }
    };
    search(0, 0);
    return best;
  };
}

/** Atom that the search visits, and a bonded atom visited before it, or -1. */
interface Step {
  readonly atom: number;
  readonly from: number;
}

/** An order of the atoms in which each follows one that it is bonded to; the rarest atoms come first. */
function walk({ bonds }: Graph, candidates: readonly (readonly number[])[]): Step[] {
  const rarest = candidates
    .map((list, atom) => ({ atom, count: list.length }))
    .sort((a, b) => a.count - b.count || a.atom - b.atom);
  const seen = new Uint8Array(bonds.length);
  const order: Step[] = [];
  for (const { atom: start } of rarest) {
    if (seen[start]) continue;
    seen[start] = 1;
    let next = order.push({ atom: start, from: -1 }) - 1;
    for (; next < order.length; next++) {
      const { atom } = order[next] as Step;
      for (const other of bonds[atom] as number[]) {
        if (seen[other]) continue;
        seen[other] = 1;
        order.push({ atom: other, from: atom });
      }
    }
  }
  return order;
}

/** Atoms of the second graph that have the colour of each atom of the first; undefined if the colours differ. */
function candidatesOf(first: Int32Array, second: Int32Array): number[][] | undefined {
  const byColour = new Map<number, number[]>();
  second.forEach((colour, atom) => {
    byColour.set(colour, [...(byColour.get(colour) ?? []), atom]);
  });
  const counts = new Map<number, number>();
  for (const colour of first) counts.set(colour, (counts.get(colour) ?? 0) + 1);
  for (const [colour, count] of counts) if (byColour.get(colour)?.length !== count) return undefined;
  return Array.from(first, colour => byColour.get(colour) as number[]);
}

/** Colours that two graphs share: equal for atoms whose labels, bonds and surroundings cannot be told apart. */
function colours(...graphs: readonly Graph[]): Int32Array[] {
  const numbered = (keys: readonly string[][]) => {
    const numbers = new Map<string, number>();
    const lists = keys.map(list =>
      Int32Array.from(list, key => {
        const number = numbers.get(key) ?? numbers.size;
        numbers.set(key, number);
        return number;
      }),
    );
    return { lists, count: numbers.size };
  };
  let now = numbered(graphs.map(({ labels }) => [...labels]));
  for (;;) {
    const next = numbered(
      graphs.map(({ bonds }, g) => {
        const own = now.lists[g] as Int32Array;
        return bonds.map((others, atom) => {
          const around = others.map(other => own[other] as number).sort((a, b) => a - b);
          return `${own[atom]}:${around}`;
        });
      }),
    );
    if (next.count === now.count) return next.lists;
    now = next;
  }
}
