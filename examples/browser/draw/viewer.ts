import type { GLModel, GLShape, GLViewer } from '3dmol';
import type { Molecule } from '../worker/molecules.ts';
import type { Slope } from '../worker/slope.ts';
import { colour, mixed } from './colours.ts';

/** 3D view of the pocket and the poses, drawn by 3Dmol.js. */
export interface Viewer {
  /** Replaces all molecules. `poses` maps the index of a pose to its molecule. */
  show(receptor: Molecule, poses: ReadonlyMap<number, Molecule>): void;
  /** Adds a pose that was not passed to {@link show}. It replaces the pose that the last call of `add` added. */
  add(index: number, pose: Molecule): void;
  /** Highlights the chosen pose and colours the others by their shade, from 0 to 1. */
  paint(chosen: number, shadesOfAll: readonly number[]): void;
  /** Draws the force on each heavy atom as an arrow against the slope. Without a slope, removes the arrows. */
  arrows(slope: Slope | undefined): void;
  /** Redraws everything in the colours of the current theme. */
  repaint(): void;
}

/**
 * Sizes of the force arrows. `scale` is the length in Å per kcal/mol/Å of force; `start`, `shortest`, `longest` and `radius`
 * are in Å. An arrow begins at the centre of its atom, inside the stick, which hides the first `start` Å of the arrow.
 */
const arrow = { scale: 3, start: 0.2, shortest: 0.3, longest: 6, radius: 0.11 };

/** Number of steps from shade 0 to 1. Shades are rounded to steps, and a pose is repainted only if its rounded shade changes. */
const shadeSteps = 24;

/** Maximum number of poses repainted in one frame. */
const maxPainted = 8;

/** Stick radii in Å: `chosen` for the chosen pose, and from `least` to `largest` for the others, by their shade. */
const radius = { chosen: 0.2, least: 0.04, largest: 0.12 };

/** Shade below which a pose is drawn by lines instead of sticks. */
const lineShade = 0.25;

/** Colours of elements. Nitrogen is violet instead of the usual blue, because blue stands for weights. */
const heteroatoms = { N: '#8a63d2', O: '#d2453c', S: '#c09a1d', F: '#3f9d57', Cl: '#3f9d57', H: '#9aa0a8' };

/**
 * Loads 3Dmol.js and creates a viewer in an element.
 *
 * @throws Error if the browser has no WebGL
 */
export async function viewerIn(element: HTMLElement): Promise<Viewer> {
  const canvas = document.createElement('canvas');
  if (!canvas.getContext('webgl2') && !canvas.getContext('webgl')) {
    throw new Error('it needs WebGL, which this browser lacks or has disabled');
  }
  element.textContent = 'Loading the 3D view …';
  const { createViewer } = await import('3dmol');
  element.textContent = '';
  const viewer = created(() => createViewer(element, { backgroundColor: colour('card'), antialias: true }));
  let pocket: GLModel | undefined;
  let models = new Map<number, GLModel>();
  let added: number | undefined;
  let painted = new Map<number, string>();
  let shapes: GLShape[] = [];
  let lastPaint: Parameters<Viewer['paint']> = [0, []];
  let lastSlope: Slope | undefined;

  viewer.rotate(firstTurn, 'z');

  // Dragging a slider changes the shades faster than the poses can be repainted, and repainting many poses at once would block
  // the page. So each frame repaints only a few poses, and the next frame continues.
  const draw: () => void = onceAFrame(() => {
    const [chosen, shadesOfAll] = lastPaint;
    let remaining = maxPainted;
    for (const [n, model] of models.entries()) {
      const shade = Math.round((shadesOfAll[n] ?? 0) * shadeSteps) / shadeSteps;
      const key = `${shade}${n === chosen ? ' chosen' : ''}`;
      if (painted.get(n) === key) continue;
      if (--remaining < 0) {
        draw();
        break;
      }
      painted.set(n, key);
      if (n === chosen) paintChosen(model, shade);
      else paintFaint(model, shade);
    }
    viewer.render();
  });
  element.addEventListener('keydown', event => {
    const move = moves[event.key];
    if (!move) return;
    event.preventDefault();
    move(viewer);
    draw();
  });
  // The wheel scrolls the page until the view has been clicked; after that it zooms.
  element.addEventListener('pointerdown', () => element.focus({ preventScroll: true }), { capture: true });
  const swallow = (event: Event) => {
    if (document.activeElement !== element) event.stopPropagation();
  };
  element.addEventListener('wheel', swallow, { capture: true, passive: true });
  new ResizeObserver(() => viewer.resize()).observe(element);

  const self: Viewer = {
    show(receptor, poses) {
      viewer.removeAllModels();
      pocket = modelOf(viewer, receptor);
      models = new Map(Array.from(poses, ([index, pose]) => [index, modelOf(viewer, pose)]));
      added = undefined;
      painted = new Map();
      pocket.setStyle({}, { line: { color: colour('pocket') } });
      pocket.setStyle({ elem: 'H' }, {});
      viewer.zoomTo({ model: [...models.values()] });
      viewer.zoom(1.5);
    },
    add(index, pose) {
      if (models.has(index)) return;
      const previous = added === undefined ? undefined : models.get(added);
      if (previous) viewer.removeModel(previous);
      if (added !== undefined) models.delete(added);
      models.set(index, modelOf(viewer, pose));
      painted.delete(index);
      added = index;
    },
    paint(chosen, shadesOfAll) {
      lastPaint = [chosen, shadesOfAll];
      draw();
    },
    arrows(slope) {
      lastSlope = slope;
      for (const shape of shapes) viewer.removeShape(shape);
      shapes = [];
      for (const { start, end } of slope ? arrowsOf(slope) : []) {
        const spec = {
          start,
          end,
          radius: arrow.radius,
          radiusRatio: 2,
          mid: 0.65,
          color: colour('backward'),
        };
        shapes.push(viewer.addArrow(spec));
      }
      draw();
    },
    repaint() {
      viewer.setBackgroundColor(colour('card'), 1);
      pocket?.setStyle({}, { line: { color: colour('pocket') } });
      pocket?.setStyle({ elem: 'H' }, {});
      painted.clear();
      self.paint(...lastPaint);
      self.arrows(lastSlope);
    },
  };
  return self;
}

/** Creates a viewer. If that fails, throws a readable Error in place of the string about internals that 3Dmol.js throws. */
function created(create: () => GLViewer): GLViewer {
  try {
    return create();
  } catch (cause) {
    throw new Error('it needs WebGL features that this browser lacks', { cause });
  }
}

/** Returns a function that runs `work` at the next frame, once for all calls before that frame. */
function onceAFrame(work: () => void): () => void {
  let isDue = false;
  return () => {
    if (isDue) return;
    isDue = true;
    requestAnimationFrame(() => {
      isDue = false;
      work();
    });
  };
}

/** Degrees about z by which the view is turned at first. */
const firstTurn = -55;

/** Degrees by which one press of an arrow key turns the view. */
const turn = 8;
const moves: Readonly<Record<string, (viewer: GLViewer) => void>> = {
  ArrowLeft: viewer => viewer.rotate(-turn, 'y'),
  ArrowRight: viewer => viewer.rotate(turn, 'y'),
  ArrowUp: viewer => viewer.rotate(-turn, 'x'),
  ArrowDown: viewer => viewer.rotate(turn, 'x'),
  '+': viewer => viewer.zoom(1.15),
  '=': viewer => viewer.zoom(1.15),
  '-': viewer => viewer.zoom(1 / 1.15),
};

function paintChosen(model: GLModel, shade: number): void {
  model.setStyle({}, { stick: { radius: radius.chosen, color: mixed('control', 'forward', shade) } });
  for (const [elem, color] of Object.entries(heteroatoms)) {
    model.setStyle({ elem }, { stick: { radius: radius.chosen, color } });
  }
}

function paintFaint(model: GLModel, shade: number): void {
  const color = mixed('faint', 'forward', shade);
  const size = radius.least + (radius.largest - radius.least) * shade;
  const isLine = shade < lineShade;
  model.setStyle({}, isLine ? { line: { color } } : { stick: { radius: size, color, opacity: 0.55 } });
  model.setStyle({ elem: 'H' }, {});
}

function modelOf(viewer: GLViewer, { elements, coordinates, bonds }: Molecule): GLModel {
  const model = viewer.addModel();
  model.addAtoms(
    elements.map((elem, i) => {
      const [x, y, z] = coordinates.slice(3 * i, 3 * i + 3) as [number, number, number];
      const bonded = [...(bonds[i] as readonly number[])];
      return { elem, x, y, z, serial: i, bonds: bonded, bondOrder: bonded.map(() => 1) };
    }),
  );
  return model;
}

type Point = { x: number; y: number; z: number };

function arrowsOf({ coordinates, slope }: Slope): { start: Point; end: Point }[] {
  const arrows: { start: Point; end: Point }[] = [];
  for (let i = 0; i < slope.length; i += 3) {
    const force = [...slope.subarray(i, i + 3)].map(component => -component) as [number, number, number];
    const size = Math.hypot(...force);
    const length = arrow.start + Math.min(arrow.scale * size, arrow.longest);
    // Leaves out arrows so short that they would have a head but no shaft.
    if (arrow.scale * size < arrow.shortest) continue;
    const [x, y, z] = coordinates.subarray(i, i + 3) as unknown as [number, number, number];
    const factor = length / size;
    const end = { x: x + factor * force[0], y: y + factor * force[1], z: z + factor * force[2] };
    arrows.push({ start: { x, y, z }, end });
  }
  return arrows;
}
