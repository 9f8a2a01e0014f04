/** Indices of the atoms bonded to each atom. */
export type Bonds = readonly (readonly number[])[];

/** Graph of atoms, with a label for each, such as its type, and the bonds between them. */
export interface Graph {
  readonly labels: readonly string[];
  readonly bonds: Bonds;
}

/** Options of a {@link Matcher}. */
export interface MatchOptions {
  /** Cost of matching atom `a` of the first graph with atom `b` of the second, at least 0. */
  readonly cost: (a: number, b: number) => number;
  /** Largest total cost of a matching; no limit by default. */
  readonly limit?: number;
  /** Number of steps after which the search ends with the best matching so far; a million by default. */
  readonly steps?: number;
}

/** Result of a {@link Matcher}. */
export interface Match {
  /** Atom of the second graph for each atom of the first. */
  readonly atoms: Int32Array;
  readonly cost: number;
}

/**
 * Matches the atoms of two graphs that are equal up to the order of their atoms. If the steps run out, the matching may not
 * be the cheapest.
 *
 * @returns the matching with the smallest total cost; undefined if the graphs differ, if no matching is within the limit, or if
 * the steps run out before the first matching
 */
export type Matcher = (options: MatchOptions) => Match | undefined;

/**
 * Prepares a search for matchings of two graphs; `matcherOf(graph, graph)` finds symmetries. Atoms are first coloured by
 * their surroundings. A depth-first search along the bonds then matches atoms of the same colour.
 */
export function matcherOf(first: Graph, second: Graph): Matcher {
  const count = first.labels.length;
  if (second.labels.length !== count) return () => undefined;
  const [coloursA, coloursB] = colours(first, second) as [Int32Array, Int32Array];
  const candidates = candidatesOf(coloursA, coloursB);
  if (!candidates) return () => undefined;
  const order = walk(first, candidates);
  const stepOf = new Int32Array(count);
  order.forEach(({ atom }, step) => {
    stepOf[atom] = step;
  });
  // For each step, the neighbours of its atom that earlier steps visit.
  const earlier = order.map(({ atom }, step) =>
    (first.bonds[atom] as number[]).filter(other => (stepOf[other] as number) < step),
  );
  const bondedB = second.bonds.map(others => new Set(others));

  return ({ cost, limit = Number.POSITIVE_INFINITY, steps = 1e6 }) => {
    const chosen = new Int32Array(count).fill(-1);
    const taken = new Uint8Array(count);
    // For each step, a lower bound of the total cost of this step and all later ones.
    const least = new Float64Array(count + 1);
    for (let step = count - 1; step >= 0; step--) {
      const { atom } = order[step] as Step;
      let smallest = Number.POSITIVE_INFINITY;
      for (const b of candidates[atom] as number[]) smallest = Math.min(smallest, cost(atom, b));
      least[step] = smallest + (least[step + 1] as number);
    }
    if ((least[0] as number) > limit) return undefined;
    let best: Match | undefined;
    let stepsLeft = steps;

    const search = (step: number, costSoFar: number): void => {
      if (step === count) {
        best = { atoms: chosen.slice(), cost: costSoFar };
        return;
      }
      const { atom, from } = order[step] as Step;
      const colour = coloursA[atom];
      const choices = (
        from < 0 ? (candidates[atom] as number[]) : (second.bonds[chosen[from] as number] as number[])
      )
        .filter(b => !taken[b] && coloursB[b] === colour)
        .map(b => ({ b, added: cost(atom, b) }))
        .sort((x, y) => x.added - y.added);
      for (const { b, added } of choices) {
        const atLeast = costSoFar + added + (least[step + 1] as number);
        if (atLeast > limit || (best && atLeast >= best.cost)) return;
        if (stepsLeft-- <= 0) return;
        const bonded = bondedB[b] as Set<number>;
        if (!(earlier[step] as number[]).every(other => bonded.has(chosen[other] as number))) continue;
        chosen[atom] = b;
        taken[b] = 1;
        search(step + 1, costSoFar + added);
        taken[b] = 0;
      }
    };
    search(0, 0);
    return best;
  };
}

/** Step of the search: the atom to visit, and `from`, a neighbour that an earlier step visits; -1 if there is none. */
interface Step {
  readonly atom: number;
  readonly from: number;
}

/** Orders atoms so that each follows a neighbour. Each connected part begins with the atom that has the fewest candidates. */
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

/**
 * Lists, for each atom of the first graph, the atoms of the second graph that have its colour. Undefined if the graphs differ
 * in the number of atoms of any colour.
 */
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

/**
 * Colours the atoms of graphs. Atoms of one colour have the same label and neighbours of the same colours. Colours are refined
 * until their number stays the same.
 */
function colours(...graphs: readonly Graph[]): Int32Array[] {
  /** Numbers the distinct keys of all lists from 0. */
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
  let current = numbered(graphs.map(({ labels }) => [...labels]));
  for (;;) {
    const next = numbered(
      graphs.map(({ bonds }, g) => {
        const colourOf = current.lists[g] as Int32Array;
        return bonds.map((others, atom) => {
          const around = others.map(other => colourOf[other] as number).sort((a, b) => a - b);
          return `${colourOf[atom]}:${around}`;
        });
      }),
    );
    if (next.count === current.count) return next.lists;
    current = next;
  }
}
