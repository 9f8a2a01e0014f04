import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { patience } from './browser.ts';

/** Path of Firefox: POSETAPE_FIREFOX, or the path of Debian's package. */
export const firefoxPath: string = process.env.POSETAPE_FIREFOX ?? '/usr/bin/firefox-esr';

/** True if Firefox is installed. */
export const hasFirefox: boolean = existsSync(firefoxPath);

/** Page in headless Firefox. Marionette, Firefox's protocol for WebDriver commands, drives it. */
export interface FirefoxPage {
  goto(url: string): Promise<void>;
  /** Runs `body` in the page as the body of an async function, whose `arguments` begin with `args`. */
  run<Result>(body: string, ...args: unknown[]): Promise<Result>;
  /** Repeats `run` until its result is truthy, and returns that result. */
  until<Result>(body: string, ...args: unknown[]): Promise<Result>;
  /** Returns a screenshot as a PNG. */
  screenshot(): Promise<Buffer>;
  close(): Promise<void>;
}

/** Preferences that turn off network requests and first-run pages, and turn on WebGL without a graphics card. */
const preferences: Readonly<Record<string, boolean | number | string>> = {
  'marionette.port': 0,
  'app.normandy.enabled': false,
  'app.update.disabledForTesting': true,
  'browser.safebrowsing.downloads.enabled': false,
  'browser.safebrowsing.malware.enabled': false,
  'browser.safebrowsing.phishing.enabled': false,
  'browser.shell.checkDefaultBrowser': false,
  'browser.startup.homepage_override.mstone': 'ignore',
  'browser.startup.page': 0,
  'datareporting.healthreport.uploadEnabled': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'extensions.update.enabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'network.dns.disablePrefetch': true,
  'network.prefetch-next': false,
  'services.settings.server': 'data:,',
  'toolkit.telemetry.enabled': false,
  'webgl.force-enabled': true,
};

/** Starts Firefox with a temporary profile, and opens an empty page of 1280 by 900 pixels. */
export async function launchFirefox(): Promise<FirefoxPage> {
  const profile = mkdtempSync(join(tmpdir(), 'posetape-firefox-'));
  const lines = Object.entries(preferences).map(
    ([name, value]) => `user_pref("${name}", ${JSON.stringify(value)});`,
  );
  writeFileSync(join(profile, 'user.js'), lines.join('\n'));
  const firefox = spawn(firefoxPath, ['--headless', '--no-remote', '--marionette', '--profile', profile], {
    env: { ...process.env, HOME: profile, MOZ_HEADLESS_WIDTH: '1280', MOZ_HEADLESS_HEIGHT: '900' },
    stdio: 'ignore',
  });
  const ended = new Promise(resolve => firefox.once('exit', resolve));
  const close = async () => {
    firefox.kill();
    await ended;
    rmSync(profile, { recursive: true, force: true });
  };
  try {
    const session = await Session.open(await portIn(profile));
    await session.send('WebDriver:NewSession', { timeouts: { script: patience, pageLoad: patience } });
    const run = async <Result>(body: string, ...args: unknown[]): Promise<Result> => {
      const script = `const done = arguments[arguments.length - 1];
        const work = async function () { ${body} };
        work.apply(null, arguments).then(result => done({ result }), error => done({ error: String(error) }));`;
      const { value } = await session.send('WebDriver:ExecuteAsyncScript', { script, args, sandbox: null });
      const { result, error } = value as { result: Result; error?: string };
      if (error !== undefined) throw new Error(error);
      return result;
    };
    return {
      goto: async url => void (await session.send('WebDriver:Navigate', { url })),
      run,
      until: async (body, ...args) => {
        const start = Date.now();
        for (;;) {
          const result = await run<never>(body, ...args);
          if (result) return result;
          if (Date.now() - start > patience) throw new Error(`gave up waiting for this to be true: ${body}`);
          await wait(100);
        }
      },
      screenshot: async () => {
        const { value } = await session.send('WebDriver:TakeScreenshot', { full: false });
        return Buffer.from(value as string, 'base64');
      },
      close: async () => {
        session.end();
        await close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Waits until Firefox has written the port that it listens on into its profile, and returns the port. */
async function portIn(profile: string): Promise<number> {
  const file = join(profile, 'MarionetteActivePort');
  for (const start = Date.now(); Date.now() - start < patience; await wait(50)) {
    const port = existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0;
    if (port > 0) return port;
  }
  throw new Error(`${firefoxPath} did not start`);
}

type Reply = readonly [type: 1, id: number, error: { readonly message: string } | null, result: unknown];

/** Connection to Marionette. Each message consists of the length of its JSON in bytes, a colon, and the JSON. */
class Session {
  readonly #socket: Socket;
  readonly #waiting = new Map<number, (reply: Reply) => void>();
  #received: Buffer = Buffer.alloc(0);
  #sent = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', data => this.#receive(data));
  }

  static open(port: number): Promise<Session> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1', () => resolve(new Session(socket)));
      socket.once('error', reject);
    });
  }

  async send(command: string, parameters: object): Promise<{ readonly value: unknown }> {
    const id = this.#sent++;
    const text = JSON.stringify([0, id, command, parameters]);
    const reply = new Promise<Reply>(resolve => this.#waiting.set(id, resolve));
    this.#socket.write(`${Buffer.byteLength(text)}:${text}`);
    const [, , error, result] = await reply;
    if (error) throw new Error(`${command}: ${error.message}`);
    return result as { readonly value: unknown };
  }

  end(): void {
    this.#socket.end();
  }

  #receive(data: Buffer): void {
    this.#received = Buffer.concat([this.#received, data]);
    for (;;) {
      const colon = this.#received.indexOf(':');
      const length = Number(this.#received.subarray(0, Math.max(colon, 0)).toString());
      if (colon < 0 || this.#received.length < colon + 1 + length) return;
      const message = JSON.parse(this.#received.subarray(colon + 1, colon + 1 + length).toString()) as Reply;
      this.#received = this.#received.subarray(colon + 1 + length);
      // Replies are arrays. The first message is no reply but a greeting, which is an object.
      if (Array.isArray(message)) this.#waiting.get(message[1])?.(message);
    }
  }
}
