import type { GLModel, GLShape, GLViewer } from '3dmol';
import type { Molecule } from '../worker/molecules.ts';
import type { Slope } from '../worker/slope.ts';
import { colour, mixed } from './colours.ts';

/** The pocket and the poses in 3D, drawn by 3Dmol.js. */
export interface Viewer {
  /** Other molecules, poses by their places: all anew. */
  show(receptor: Molecule, poses: ReadonlyMap<number, Molecule>): void;
  /** One more pose, if it is not among those shown; it takes the place of the last one that was added. */
  add(place: number, pose: Molecule): void;
  /** The chosen pose stands out; the others are as blue as their shade says, from 0 to 1. */
  paint(chosen: number, shadesOfAll: readonly number[]): void;
  /** An arrow on each heavy atom, against the slope; none without one. */
  arrows(slope: Slope | undefined): void;
  /** Again, in the colours of now. */
  repaint(): void;
}

/** Å of arrow for each kcal/mol/Å, beyond the stick it starts in; and how long an arrow may get. */
const arrow = { scale: 3, start: 0.2, shortest: 0.3, longest: 6, radius: 0.11 };

/** A pose is painted anew only when its colour has changed by this much of the scale. */
const shades = 24;

/** Poses that get new shapes in one frame at most. */
const mostPainted = 8;

/** Radii in Å of the chosen pose and of the others, which are lines up to a shade. */
const radius = { chosen: 0.2, least: 0.04, most: 0.12, line: 0.25 };

/** Blue is for weights, so nitrogen gets violet. */
const heteroatoms = { N: '#8a63d2', O: '#d2453c', S: '#c09a1d', F: '#3f9d57', Cl: '#3f9d57', H: '#9aa0a8' };

/**
 * Loads 3Dmol.js and starts it in an element.
 *
 * @throws Error where there is no WebGL
 */
export async function viewerIn(element: HTMLElement): Promise<Viewer> {
  const canvas = document.createElement('canvas');
  if (!canvas.getContext('webgl2') && !canvas.getContext('webgl')) {
    throw new Error('it needs WebGL, which this browser does not have or does not allow');
  }
  element.textContent = 'Loading the 3D view …';
  const { createViewer } = await import('3dmol');
  element.textContent = '';
  const viewer = started(() => createViewer(element, { backgroundColor: colour('card'), antialias: true }));
  let pocket: GLModel | undefined;
  let models = new Map<number, GLModel>();
  let added: number | undefined;
  let painted = new Map<number, string>();
  let shapes: GLShape[] = [];
  let last: Parameters<Viewer['paint']> = [0, []];
  let lastSlope: Slope | undefined;

  viewer.rotate(-55, 'z');

  // A slider that is dragged changes the shades more often than they can be drawn; and new shapes of many poses at once would
  // hold up the page.
  const draw: () => void = onceAFrame(() => {
    const [chosen, shadesOfAll] = last;
    let left = mostPainted;
    for (const [n, model] of models.entries()) {
      const shade = Math.round((shadesOfAll[n] ?? 0) * shades) / shades;
      const key = `${shade}${n === chosen ? ' chosen' : ''}`;
      if (painted.get(n) === key) continue;
      if (--left < 0) {
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
  // Scrolling the page stays possible over the view: it zooms once the view was clicked.
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
      models = new Map(Array.from(poses, ([place, pose]) => [place, modelOf(viewer, pose)]));
      added = undefined;
      painted = new Map();
      pocket.setStyle({}, { line: { color: colour('pocket') } });
      pocket.setStyle({ elem: 'H' }, {});
      viewer.zoomTo({ model: [...models.values()] });
      viewer.zoom(1.5);
    },
    add(place, pose) {
      if (models.has(place)) return;
      const last = added === undefined ? undefined : models.get(added);
      if (last) viewer.removeModel(last);
      if (added !== undefined) models.delete(added);
      models.set(place, modelOf(viewer, pose));
      painted.delete(place);
      added = place;
    },
    paint(chosen, shadesOfAll) {
      last = [chosen, shadesOfAll];
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
      self.paint(...last);
      self.arrows(lastSlope);
    },
  };
  return self;
}

/** A viewer, or an error in words: 3Dmol.js throws strings about its own insides. */
function started(create: () => GLViewer): GLViewer {
  try {
    return create();
  } catch (cause) {
    throw new Error('it needs more of WebGL than this browser gives', { cause });
  }
}

/** The same, done once for all calls before the next frame. */
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
  const size = radius.least + (radius.most - radius.least) * shade;
  const isLine = shade < radius.line;
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

type Place = { x: number; y: number; z: number };

function arrowsOf({ coordinates, slope }: Slope): { start: Place; end: Place }[] {
  const arrows: { start: Place; end: Place }[] = [];
  for (let i = 0; i < slope.length; i += 3) {
    const force = [...slope.subarray(i, i + 3)].map(each => -each) as [number, number, number];
    const size = Math.hypot(...force);
    const length = arrow.start + Math.min(arrow.scale * size, arrow.longest);
    // Shorter ones would be all head.
    if (arrow.scale * size < arrow.shortest) continue;
    const [x, y, z] = coordinates.subarray(i, i + 3) as unknown as [number, number, number];
    const factor = length / size;
    const end = { x: x + factor * force[0], y: y + factor * force[1], z: z + factor * force[2] };
    arrows.push({ start: { x, y, z }, end });
  }
  return arrows;
}
