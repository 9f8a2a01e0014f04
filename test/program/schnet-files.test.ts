import { describe, expect, test } from 'vitest';
import { untrained } from '../../program/schnet/model.ts';
import { modelFromJson, modelToJson } from '../../program/schnet/weights.ts';

describe('models', () => {
  const settings = {
    ...{ hidden: 4, gaussians: 5, interactions: 1, cutoff: 4 },
    ...{ neighbours: 3, pocket: 6, delta: true },
  };
  const json = modelToJson(untrained(settings, 5));

  test('come back from JSON as they were', () => {
    const { settings: found, weights } = modelFromJson(json, 'w.json');
    expect(found).toEqual(settings);
    expect(weights).toEqual(untrained(settings, 5).weights);
  });

  test('that are wrong are named', () => {
    const read = (text: string) => () => modelFromJson(text, 'w.json');
    expect(read('{')).toThrow(/^w\.json: /);
    expect(read('{}')).toThrow('w.json: expected settings.hidden to be a number greater than 0');
    expect(read(json.replace('true', '1'))).toThrow('w.json: expected settings.delta to be true or false');
    expect(read(json.replace('"hidden":4', '"hidden":6'))).toThrow(
      'w.json: expected weights.embedding to be 600 numbers',
    );
    expect(read(json.replace('readout1', 'other'))).toThrow(
      'expected weights.readout1.weight to be 8 numbers',
    );
  });
});
