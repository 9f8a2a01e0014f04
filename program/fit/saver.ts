import type { Params } from 'posetape/combine';
import type { Checkpoint, Epoch, Fitted } from 'posetape/fit';
import type { Context } from '../command/subcommand.ts';
import { writeAtomically } from '../files/atomic.ts';
import { type DefiningSettings, readCheckpoint, writeCheckpoint } from './checkpoint-file.ts';

/** Files of a fit. */
interface Files {
  readonly out?: string;
  readonly checkpoint?: string;
  readonly resume: boolean;
}

/** Milliseconds between writes of the files, except the first and the last. */
const interval = 3000;

/** Writes the best weights and the last checkpoint of a fit to files. */
export class Saver {
  /** Checkpoint that the fit continues from. */
  readonly resumed: Checkpoint | undefined;
  readonly #files: Files;
  readonly #settings: DefiningSettings;
  readonly #bytesOf: (params: Fitted<Params>) => Uint8Array;
  readonly #warn: Context['warn'];
  #checkpoint: Checkpoint | undefined;
  #model: { readonly epoch: number; readonly params: Fitted<Params> } | undefined;
  /** Time of the last write, in milliseconds. */
  #lastWrite = Number.NEGATIVE_INFINITY;
  /** True during a write, and after a write that failed. */
  #isWriteUnfinished = false;

  private constructor(
    files: Files,
    settings: DefiningSettings,
    bytesOf: (params: Fitted<Params>) => Uint8Array,
    warn: Context['warn'],
    resumed: Checkpoint | undefined,
  ) {
    this.#files = files;
    this.#settings = settings;
    this.#bytesOf = bytesOf;
    this.#warn = warn;
    this.resumed = resumed;
  }

  /**
   * Reads the checkpoint, if there is one.
   *
   * @throws Error for a checkpoint that is damaged or of another fit, or for any checkpoint if `resume` is false
   */
  static async begin(
    files: Files,
    settings: DefiningSettings,
    { bytesOf }: { readonly bytesOf: (params: Fitted<Params>) => Uint8Array },
    { warn }: Pick<Context, 'warn'>,
  ): Promise<Saver> {
    const { checkpoint: file, resume } = files;
    // Devices such as /dev/null cannot have a checkpoint.
    const earlier =
      file === undefined || file.startsWith('/dev/') ? undefined : await readCheckpoint(file, settings);
    if (earlier && !resume) {
      throw new Error(`${file}: a checkpoint exists: give --resume to continue from it, or remove it`);
    }
    return new Saver(files, settings, bytesOf, warn, earlier);
  }

  /** Number of epochs done before this run. */
  get epochs(): number {
    return this.resumed?.epochs.length ?? 0;
  }

  /** Takes the state after an epoch, and writes it if three seconds have passed since the last write. */
  async keep(epoch: Epoch<Params>, checkpoint: Checkpoint): Promise<void> {
    this.#checkpoint = checkpoint;
    if (epoch.best === undefined || epoch.best === epoch.epoch) {
      this.#model = { epoch: epoch.epoch, params: epoch.params };
    }
    if (performance.now() - this.#lastWrite >= interval) await this.#write();
  }

  /** Writes the last state of a fit that ends early, and reports the files. Does nothing after a failed write. */
  async rescue(): Promise<void> {
    if (this.#isWriteUnfinished || !this.#checkpoint) return;
    await this.#write();
    const { out, checkpoint } = this.#files;
    const epoch = this.#checkpoint.epochs.length;
    if (out !== undefined && this.#model) this.#warn(`the model of epoch ${this.#model.epoch} is in ${out}`);
    if (checkpoint !== undefined) {
      this.#warn(
        `the state of epoch ${epoch} is in ${checkpoint}; continue with the same command and --resume`,
      );
    }
  }

  /** Writes the fitted weights, and the last checkpoint. */
  async end(params: Fitted<Params>): Promise<void> {
    // Only `rescue` uses the number of the epoch, and it is not called after `end`. Any number will do.
    this.#model = { epoch: 0, params };
    await this.#write();
  }

  async #write(): Promise<void> {
    const { out, checkpoint } = this.#files;
    this.#isWriteUnfinished = true;
    if (out !== undefined && this.#model) await writeAtomically(out, this.#bytesOf(this.#model.params));
    if (checkpoint !== undefined && this.#checkpoint) {
      await writeCheckpoint(checkpoint, this.#settings, this.#checkpoint);
    }
    this.#isWriteUnfinished = false;
    this.#lastWrite = performance.now();
  }
}
