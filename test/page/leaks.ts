import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Server of an origin other than the page's. It counts connections, and lets every origin read its answers. */
export interface OtherServer {
  readonly url: string;
  readonly connections: () => number;
  close(): void;
}

/** Starts a server on a free port of 127.0.0.1. */
export async function startOtherServer(): Promise<OtherServer> {
  let connections = 0;
  const server: Server = createServer((_, response) => {
    response.writeHead(200, { 'Access-Control-Allow-Origin': '*', 'Content-Type': 'text/javascript' });
    response.end('0');
  });
  server.on('connection', () => connections++);
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    connections: () => connections,
    close: () => server.close(),
  };
}

/**
 * Source text for the page's editor. The code tries each way in which a worker can send something to each URL.
 *
 * The source exports a function `then`, so the page awaits the module like a promise. This promise rejects with an error
 * whose message is JSON: the outcome of each attempt, which is `sent`, `refused` or `absent`.
 */
export function leakAttempts(urls: readonly string[]): string {
  return `
const settled = (promise: Promise<unknown>) => promise.then(() => 'sent', () => 'refused');
const connects = (make: () => any, successEvent: string) => new Promise(resolve => {
  try {
    const source = make();
    source.addEventListener(successEvent, () => resolve('sent'));
    source.addEventListener('error', (event: Event) => { event.preventDefault?.(); resolve('refused'); });
    source.addEventListener('close', () => resolve('refused'));
  } catch { resolve('refused'); }
});
const blob = (text: string) => URL.createObjectURL(new Blob([text], { type: 'text/javascript' }));
const scope = globalThis as any;
const ways: Record<string, (url: string) => unknown> = {
  fetch: url => settled(fetch(url + '?fetch')),
  'fetch without CORS': url => settled(fetch(url + '?opaque', { mode: 'no-cors', method: 'POST', body: 'poses' })),
  XMLHttpRequest: url => connects(() => {
    const request = new XMLHttpRequest();
    request.open('GET', url + '?xhr');
    queueMicrotask(() => request.send());
    return request;
  }, 'load'),
  'XMLHttpRequest that blocks': url => {
    const request = new XMLHttpRequest();
    request.open('GET', url + '?blocking', false);
    request.send();
    return 'sent';
  },
  WebSocket: url => connects(() => new WebSocket(url.replace('http', 'ws')), 'open'),
  EventSource: url => scope.EventSource ? connects(() => new scope.EventSource(url + '?events'), 'open') : 'absent',
  importScripts: url => { scope.importScripts(url + '?scripts'); return 'sent'; },
  import: url => settled(new Function('url', 'return import(url)')(url + '?import')),
  'worker by URL': url => connects(() => new Worker(url + '?worker'), 'message'),
  'module worker by URL': url => connects(() => new Worker(url + '?module', { type: 'module' }), 'message'),
  'worker of data': url => connects(() => new Worker('data:text/javascript,postMessage(0)'), 'message'),
  'fetch in a worker of a blob': url => new Promise(resolve => {
    const text = 'fetch(' + JSON.stringify(url + '?nested') + ').then(() => postMessage("sent"), () => postMessage("refused"))';
    const worker = new Worker(blob(text));
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = () => resolve('refused');
  }),
  'importScripts in a worker of a blob': url => new Promise(resolve => {
    const text = 'try { importScripts(' + JSON.stringify(url + '?nested') + '); postMessage("sent"); } catch { postMessage("refused"); }';
    const worker = new Worker(blob(text));
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = () => resolve('refused');
  }),
  sendBeacon: url => scope.navigator.sendBeacon ? scope.navigator.sendBeacon(url) ? 'sent' : 'refused' : 'absent',
  WebTransport: url => scope.WebTransport
    ? settled(Promise.resolve().then(() => new scope.WebTransport(url.replace('http:', 'https:')).ready))
    : 'absent',
  FontFace: url => scope.FontFace ? settled(new scope.FontFace('x', 'url(' + url + '?font)').load()) : 'absent',
  cache: url => scope.caches ? settled(scope.caches.open('x').then((cache: any) => cache.add(url + '?cache'))) : 'absent',
};
async function attempts() {
  const results: Record<string, unknown> = {};
  for (const url of ${JSON.stringify(urls)}) {
    for (const [way, attempt] of Object.entries(ways)) {
      try { results[way + ' ' + url] = await attempt(url); } catch { results[way + ' ' + url] = 'refused'; }
    }
  }
  return results;
}
export function then(_: unknown, reject: (error: Error) => void) {
  attempts().then(results => reject(new Error(JSON.stringify(results))));
}
`;
}
