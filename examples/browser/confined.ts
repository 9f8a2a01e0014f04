/**
 * Content-Security-Policy for code that the visitor typed or pasted. Such code may compile code and load its own blobs. It
 * cannot reach any server, not even the page's own.
 */
const policy = "default-src 'none'; script-src 'unsafe-eval' blob:; worker-src blob:";

interface Frame {
  /** Constructor of the frame's workers. */
  readonly Worker: typeof Worker;
  /** URL of the worker's script, a blob created in the frame. */
  readonly url: string;
}

let confinedFrame: Promise<Frame> | undefined;

/**
 * Starts a worker that runs the visitor's own scorer and cannot send data to any server.
 *
 * A worker loaded from a URL gets its policy from the response headers, and a static server sends none. A worker created
 * from a blob inherits the policy of the document that created the blob. So a hidden frame creates the blob. The policy of
 * the frame is stricter than that of the page could be, because the page has to load its own files. `scorer-worker.js` is
 * one self-contained script, because the frame's policy does not let it import anything from a server.
 *
 * @throws Error if the script cannot be loaded
 */
export async function startConfined(): Promise<Worker> {
  confinedFrame ??= openFrame();
  try {
    const { Worker, url } = await confinedFrame;
    return new Worker(url, { type: 'module' });
  } catch (error) {
    confinedFrame = undefined;
    throw error;
  }
}

async function openFrame(): Promise<Frame> {
  const response = await fetch(new URL('./scorer-worker.js', import.meta.url));
  if (!response.ok)
    throw new Error(`cannot read scorer-worker.js: ${response.status} ${response.statusText}`);
  const script = await response.text();
  const frame = document.createElement('iframe');
  frame.hidden = true;
  frame.title = 'Confined frame of your scorer';
  frame.srcdoc = `<meta http-equiv="Content-Security-Policy" content="${policy}">`;
  const loaded = new Promise(resolve => frame.addEventListener('load', resolve, { once: true }));
  document.body.append(frame);
  await loaded;
  // The constructors must be the frame's own: they decide which document's policy the worker inherits.
  const { Blob, URL: FrameUrl, Worker } = frame.contentWindow as Window & typeof globalThis;
  return { Worker, url: FrameUrl.createObjectURL(new Blob([script], { type: 'text/javascript' })) };
}
