import type { DeviceMemory } from '../executor.ts';
import type { Device } from './gpu-js.ts';

/**
 * Counts of the buffers and textures that gpu.js holds on a device. {@link meterOf} and {@link meterTextures} keep them
 * by wrapping methods of the device or context. gpu.js itself keeps no count, and a leaked buffer changes no result.
 */
export class DeviceMeter implements DeviceMemory {
  buffers = 0;
  textures = 0;
  bytes = 0;
  peakBytes = 0;
  /** The number of submissions of work. */
  launches = 0;
  /** The number of times that results were read back. */
  readbacks = 0;
  #isLost = false;

  take(kind: 'buffers' | 'textures', bytes: number): void {
    if (this.#isLost) return;
    this[kind]++;
    this.resize(bytes);
  }

  give(kind: 'buffers' | 'textures', bytes: number): void {
    if (this.#isLost) return;
    this[kind]--;
    this.resize(-bytes);
  }

  /** Adds to the bytes held; `change` is negative if a buffer or texture shrinks or is freed. */
  resize(change: number): void {
    if (this.#isLost) return;
    this.bytes += change;
    this.peakBytes = Math.max(this.peakBytes, this.bytes);
  }

  /** Sets the count to zero: a lost device holds nothing. */
  lose(): void {
    this.#isLost = true;
    [this.buffers, this.textures, this.bytes] = [0, 0, 0];
  }
}

const meters = new WeakMap<object, DeviceMeter>();

/** The meter of a WebGPU device. gpu.js has one device for all its instances, so all executors share the count. */
export function meterOf(device: Device): DeviceMeter {
  const existing = meters.get(device);
  if (existing) return existing;
  const meter = new DeviceMeter();
  meters.set(device, meter);
  const create = device.createBuffer.bind(device);
  device.createBuffer = descriptor => {
    const buffer = create(descriptor) as { destroy(): void; mapAsync(...args: unknown[]): Promise<void> };
    meter.take('buffers', descriptor.size);
    let isAlive = true;
    const destroy = buffer.destroy.bind(buffer);
    buffer.destroy = () => {
      if (isAlive) meter.give('buffers', descriptor.size);
      isAlive = false;
      destroy();
    };
    const map = buffer.mapAsync.bind(buffer);
    buffer.mapAsync = (...args) => {
      meter.readbacks++;
      return map(...args);
    };
    return buffer;
  };
  const { queue } = device as unknown as { queue: { submit(commands: readonly unknown[]): void } };
  const submit = queue.submit.bind(queue);
  queue.submit = commands => {
    meter.launches++;
    submit(commands);
  };
  device.lost.then(() => meter.lose());
  return meter;
}

/** Bytes of a texel by WebGL's internal format: RGBA32F, RG32F, R32F; all others gpu.js uses have four bytes. */
const texelBytes: Readonly<Record<number, number>> = { 34836: 16, 33328: 8, 33326: 4 };

/** The part of a WebGL context that creates textures. */
interface TextureContext {
  createTexture(): object | null;
  deleteTexture(texture: object | null): void;
  bindTexture(target: number, texture: object | null): void;
  texImage2D(...args: unknown[]): void;
  texStorage2D?(...args: unknown[]): void;
  readPixels(...args: unknown[]): void;
  drawArrays(...args: unknown[]): void;
}

/** Counts the textures of a WebGL context. All pipelines of one executor share a meter. */
export function meterTextures(context: object, meter: DeviceMeter): void {
  const gl = context as TextureContext;
  const sizes = new Map<object, number>();
  let bound: object | null = null;
  const replace = <Name extends keyof TextureContext>(
    name: Name,
    wrap: (original: (...args: never[]) => unknown) => (...args: never[]) => unknown,
  ) => {
    const original = gl[name];
    if (original) Object.assign(gl, { [name]: wrap((original as (...args: never[]) => unknown).bind(gl)) });
  };
  const recordSize = (width: unknown, height: unknown, format: unknown) => {
    if (!bound) return;
    const bytes = (width as number) * (height as number) * (texelBytes[format as number] ?? 4);
    meter.resize(bytes - (sizes.get(bound) ?? 0));
    sizes.set(bound, bytes);
  };
  replace('createTexture', create => () => {
    const texture = create() as object;
    if (texture) {
      sizes.set(texture, 0);
      meter.take('textures', 0);
    }
    return texture;
  });
  replace('deleteTexture', remove => (...args: never[]) => {
    const [texture] = args as unknown as [object | null];
    const bytes = texture ? sizes.get(texture) : undefined;
    if (texture && bytes !== undefined) {
      sizes.delete(texture);
      meter.give('textures', bytes);
    }
    return remove(...args);
  });
  replace('bindTexture', bind => (...args: never[]) => {
    [, bound] = args as unknown as [number, object | null];
    return bind(...args);
  });
  replace('texImage2D', image => (...args: never[]) => {
    const [, , format, width, height] = args as unknown[];
    if (typeof width === 'number' && typeof height === 'number') recordSize(width, height, format);
    return image(...args);
  });
  replace('texStorage2D', storage => (...args: never[]) => {
    const [, , format, width, height] = args as unknown[];
    recordSize(width, height, format);
    return storage(...args);
  });
  replace('readPixels', read => (...args: never[]) => {
    meter.readbacks++;
    return read(...args);
  });
  replace('drawArrays', draw => (...args: never[]) => {
    meter.launches++;
    return draw(...args);
  });
}
