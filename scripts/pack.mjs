// What npm runs around `npm pack` and `npm publish`, as the package is not quite the checkout:
//   prepare  takes the condition posetape:source out of package.json, as no sources are shipped, and makes README links to
//            files that are not shipped absolute
//   restore  puts both files back
//   publish  refuses while OWNER stands for the owner of the repository
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';

const kept = '.packing';
const files = ['package.json', 'README.md'];
const shipped = ['LICENSE', 'CHANGELOG.md'];

const manifest = () => JSON.parse(readFileSync('package.json', 'utf8'));

const steps = {
  prepare() {
    if (existsSync(kept))
      throw new Error(`${kept} holds package.json and README.md of a pack that failed: npm run postpack`);
    mkdirSync(kept);
    for (const file of files) cpSync(file, `${kept}/${file}`);
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
    for (const file of files) cpSync(`${kept}/${file}`, file);
    rmSync(kept, { recursive: true });
  },
  publish() {
    if (manifest().homepage.includes('OWNER'))
      throw new Error('package.json: put the owner of the repository in place of OWNER before publishing');
  },
};

steps[process.argv[2]]();
