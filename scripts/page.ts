// npm run page: builds examples/browser, serves it on localhost, and rebuilds it after each change of a source.
// npm run page:build: only builds it, as static files.
import { rmSync } from 'node:fs';
import { InvalidArgumentError } from 'commander';
import { type BuildContext, context, type Metafile } from 'esbuild';
import { command } from '../bench/support/command.ts';
import { buildPage, finish, options, outdir } from './page-build.ts';

const { build, port } = command('page', {
  does: 'Builds the demo page, serves it on localhost, and rebuilds it after each change of a source. npm run page:build only builds it.',
  takes: 'a few seconds, then serves until Ctrl+C',
  writes: `static files to ${outdir}`,
})
  .option('--port <number>', 'port of the server, or 0 for any free port', portOf, 8000)
  .option('--build', `only build the page, as static files in ${outdir}`)
  .addHelpText(
    'after',
    '\nThe static files work on any server, under any path. They load nothing from other servers.',
  )
  .parse()
  .opts<{ build?: true; port: number }>();

try {
  if (build) {
    await buildPage();
    console.log(`built ${outdir}`);
  } else {
    rmSync(outdir, { recursive: true, force: true });
    const bundles = await Promise.all(options.map(bundle => context({ ...bundle, logLevel: 'warning' })));
    const results = await Promise.all(bundles.map(bundle => bundle.rebuild()));
    finish(results.map(({ metafile }) => metafile as Metafile));
    const [page] = bundles as [BuildContext, BuildContext];
    const server = await page.serve({ servedir: outdir, host: '127.0.0.1', port });
    await Promise.all(bundles.map(bundle => bundle.watch()));
    console.log(`http://localhost:${server.port}/   (Ctrl+C to stop)`);
  }
} catch (error) {
  console.error(`error: ${error instanceof Error ? error.message : error}`);
  process.exit(1);
}

function portOf(text: string): number {
  const number = Number(text);
  if (text.trim() !== '' && Number.isInteger(number) && number >= 0 && number < 65536) return number;
  throw new InvalidArgumentError('It must be a whole number from 0 to 65535.');
}
