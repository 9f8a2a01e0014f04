import { interpreter, type Tensor } from 'posetape';
import { wasm } from 'posetape/wasm';
import { describe } from 'vitest';
import { expectClose } from '../support/equal.ts';
import { responses, wantedOf } from '../support/executors.ts';
import { poseArbitrary, programArbitrary } from '../support/programs.ts';
import { property } from '../support/property.ts';

describe('equals the interpreter on random programs', () => {
  for (const relaxed of [false, true]) {
    const executor = wasm({ relaxed });
    property(
      `${executor.name}, to second derivatives, within 1e-5 and ten times the response to one ulp of the inputs`,
      programArbitrary({ steps: 8, smooth: true }),
      poseArbitrary(),
      (program, pose) => {
        const wanted = wantedOf(program, pose);
        const slack = responses(program, pose);
        const expected = interpreter({ precision: 'float32' }).run(wanted);
        for (const [i, actual] of executor.run(wanted).entries()) {
          // Programs keep their values and slopes near 1; a result that cancels inherits the rounding of those.
          const unit = Math.max(1, ...(expected[i] as Tensor).data.map(Math.abs));
          const scale = unit + (10 * (slack[i] as number)) / 1e-5;
          expectClose(actual, expected[i] as Tensor, 1e-5, scale);
        }
      },
    );
  }
});
