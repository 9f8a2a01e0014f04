// Scripts that npm runs before and after `npm pack` and `npm publish`, because the package differs from the checkout:
//   prepare  removes the condition posetape:source from package.json, because the package has no sources; and makes links
//            in the README absolute if they point to files outside the package
//   restore  restores both files
//   publish  fails while package.json contains OWNER, the placeholder for the owner of the repository
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';

const backup = '.packing';
const files = ['package.json', 'README.md'];
const shipped = ['LICENSE', 'CHANGELOG.md'];

const manifest = () => JSON.parse(readFileSync('package.json', 'utf8'));

const steps = {
  prepare() {
    if (existsSync(backup))
      throw new Error(
        `${backup} holds package.json and README.md from a pack that failed: restore them with npm run postpack`,
      );
    mkdirSync(backup);
    for (const file of files) cpSync(file, `${backup}/${file}`);
    const packed = manifest();
    for (const conditions of Object.values(packed.exports)) delete conditions['posetape:source'];
    writeFileSync('package.json', `${JSON.stringify(packed, null, 2)}\n`);
    const repository = packed.homepage.replace(/#.*/, '');
    const readme = readFileSync('README.md', 'utf8');
    const links = /(!?)(\[[^\]]*\])\((?!https?:|#)([^)]+)\)/g;
    writeFileSync(
      'README.md',
      readme.replace(links, (link, image, text, path) =>
        shipped.includes(path)
          ? link
          : `${image}${text}(${repository}/${image ? 'raw' : 'blob'}/main/${path})`,
      ),
    );
  },
  restore() {
    for (const file of files) cpSync(`${backup}/${file}`, file);
    rmSync(backup, { recursive: true });
  },
  publish() {
    if (manifest().homepage.includes('OWNER'))
      throw new Error('package.json: replace OWNER by the owner of the repository before publishing');
  },
};

steps[process.argv[2]]();
