import { existsSync } from 'node:fs';
import { mkdir, open, readFile, rename, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateMessages, type MessagesData } from './messages-data.ts';
import { generateNetwork, generateSmall, type NetworkData, type SmallData } from './network-data.ts';
import { generatePairs, type PairsData } from './pairs-data.ts';

interface Data {
  readonly network: NetworkData;
  readonly small: SmallData;
  readonly pairs: PairsData;
  readonly messages: MessagesData;
}
export type DataName = keyof Data;
export type DataOf<Name extends DataName> = Data[Name];

const makers: { readonly [Name in DataName]: () => Data[Name] } = {
  network: generateNetwork,
  small: generateSmall,
  pairs: generatePairs,
  messages: generateMessages,
};

/** Fields that hold equally much of each pose, one after the other: of these the first poses can be read alone. */
const ofPoses = ['elements', 'src', 'dst', 'distances', 'coordinates'];

type Numbers = Float32Array | Int32Array;
const isNumbers = (field: unknown): field is Numbers =>
  field instanceof Float32Array || field instanceof Int32Array;

/** The JSON file of a workload's data: the fields that are no arrays, and of the arrays type and length. */
interface Meta {
  readonly fields: Readonly<Record<string, unknown>> & { readonly poses: number };
  readonly arrays: Readonly<Record<string, { readonly type: 'float32' | 'int32'; readonly length: number }>>;
}

/**
 * The folder of the workloads' data, which every program of the comparison reads: $PEERS_DATA, or one beside the system's
 * temporary files. Missing data are generated.
 *
 * An array lies in a file such as `pairs.distances.bin`, float32 or int32 in little-endian bytes; the rest in `pairs.json`.
 */
export async function workloadFolder(): Promise<string> {
  const folder = process.env.PEERS_DATA ?? join(tmpdir(), 'posetape-workload-data');
  await mkdir(folder, { recursive: true });
  for (const name of Object.keys(makers) as DataName[])
    if (!existsSync(join(folder, `${name}.json`))) await writeData(folder, name, makers[name]() as never);
  return folder;
}

export async function writeData<Name extends DataName>(
  folder: string,
  name: Name,
  data: DataOf<Name>,
): Promise<void> {
  const fields: Record<string, unknown> = {};
  const arrays: Record<string, Meta['arrays'][string]> = {};
  for (const [field, content] of Object.entries(data)) {
    if (!isNumbers(content)) {
      fields[field] = content;
      continue;
    }
    arrays[field] = { type: content instanceof Int32Array ? 'int32' : 'float32', length: content.length };
    const bytes = new Uint8Array(content.buffer, content.byteOffset, content.byteLength);
    await writeFile(join(folder, `${name}.${field}.bin`), bytes);
  }
  // Last, and at once: where it is, the arrays are complete.
  const file = join(folder, `${name}.json`);
  await writeFile(`${file}.${process.pid}`, JSON.stringify({ fields, arrays }));
  await rename(`${file}.${process.pid}`, file);
}

/** Data of a workload; where the poses are alike, of the first so many. */
export async function readData<Name extends DataName>(
  name: Name,
  poses?: number,
  folder?: string,
): Promise<DataOf<Name>> {
  const from = folder ?? (await workloadFolder());
  const { fields, arrays } = JSON.parse(await readFile(join(from, `${name}.json`), 'utf8')) as Meta;
  const count = Math.min(poses ?? fields.poses, fields.poses);
  const data: Record<string, unknown> = { ...fields };
  if (Object.keys(arrays).some(field => ofPoses.includes(field))) data.poses = count;
  for (const [field, { type, length }] of Object.entries(arrays)) {
    const wanted = ofPoses.includes(field) ? (length / fields.poses) * count : length;
    const numbers = type === 'int32' ? new Int32Array(wanted) : new Float32Array(wanted);
    data[field] = await filled(join(from, `${name}.${field}.bin`), numbers);
  }
  return data as unknown as DataOf<Name>;
}

/** Fills an array from the beginning of a file. Nothing else is allocated, which would show as memory of the process. */
async function filled(path: string, numbers: Numbers): Promise<Numbers> {
  const file = await open(path);
  try {
    const bytes = new Uint8Array(numbers.buffer);
    const { bytesRead } = await file.read(bytes, 0, bytes.length, 0);
    if (bytesRead < bytes.length) throw new Error(`${path}: ${bytesRead} bytes, expected ${bytes.length}`);
    return numbers;
  } finally {
    await file.close();
  }
}
