/**
 * Policy of the code that a reader typed or pasted: it may compile, and load what it made itself, but reach no server, not
 * even the page's own.
 */
const policy = "default-src 'none'; script-src 'unsafe-eval' blob:; worker-src blob:";

interface Room {
  readonly Worker: typeof Worker;
  /** Of the worker's script, a blob made in the frame. */
  readonly url: string;
}

let room: Promise<Room> | undefined;

/**
 * Starts a worker for the reader's own scorer that can send nothing away.
 *
 * A worker loaded by its URL has the policy of that response, and static files have none; one made of a blob has the policy
 * of the document that made the blob. That document is a hidden frame, whose policy is stricter than the page's own: the
 * page has its files to load. So `scorer-worker.js` is one whole script, which imports nothing by URL.
 *
 * @throws Error if the script cannot be loaded
 */
export async function startConfined(): Promise<Worker> {
  room ??= openRoom();
  try {
    const { Worker, url } = await room;
    return new Worker(url, { type: 'module' });
  } catch (error) {
    room = undefined;
    throw error;
  }
}

async function openRoom(): Promise<Room> {
  const response = await fetch(new URL('./scorer-worker.js', import.meta.url));
  if (!response.ok)
    throw new Error(`cannot read scorer-worker.js: ${response.status} ${response.statusText}`);
  const script = await response.text();
  const frame = document.createElement('iframe');
  frame.hidden = true;
  frame.title = 'Where your scorer runs';
  frame.srcdoc = `<meta http-equiv="Content-Security-Policy" content="${policy}">`;
  const isLoaded = new Promise(resolve => frame.addEventListener('load', resolve, { once: true }));
  document.body.append(frame);
  await isLoaded;
  // The frame's own constructors: theirs decide whose policy the worker has.
  const { Blob, URL: FrameUrl, Worker } = frame.contentWindow as Window & typeof globalThis;
  return { Worker, url: FrameUrl.createObjectURL(new Blob([script], { type: 'text/javascript' })) };
}
