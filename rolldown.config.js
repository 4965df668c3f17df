import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/**
 * The program as a few files, packages included: opening hundreds of modules takes longer than a pass that finds nothing
 * to do. What a command needs is in a file that is read when one is called. Names stay, so that a stack trace can be read.
 */
export default {
  input: { spoolsync: 'dist/cli/main.js', worker: 'dist/cli/worker.js' },
  platform: 'node',
  // It is optional, and holds binaries.
  external: 'fs-native-extensions',
  logLevel: 'silent',
  plugins: [{ name: 'licences', generateBundle: writeLicences }],
  output: {
    dir: 'dist/bundle',
    cleanDir: true,
    entryFileNames: '[name].js',
    chunkFileNames: '[name].js',
    format: 'esm',
    codeSplitting: {
      groups: [
        // All that help and the version need, beside commander.
        { name: 'options', test: /dist\/(core\/errors|plan\/removals|report\/escape)\.js$/, priority: 1 },
        { name: 'shared', minShareCount: 2 },
      ],
    },
    comments: false,
  },
};

/** What the packages that are part of the program ask to be said with every copy of it. */
function writeLicences(_options, bundle) {
  const files = Object.values(bundle).flatMap(({ moduleIds = [] }) => moduleIds);
  const packages = new Map(
    files.flatMap((file) => packageOf(file) ?? []).map((found) => [found.name, found]),
  );
  const texts = [...packages.values()].sort((a, b) => (a.name < b.name ? -1 : 1)).map(licenceOf);
  this.emitFile({ type: 'asset', fileName: 'LICENSES.txt', source: texts.join(`\n${'-'.repeat(72)}\n\n`) });
}

/** The package that a file is of. */
function packageOf(file) {
  const [, dir] = /^(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file) ?? [];
  return dir === undefined
    ? undefined
    : { dir, ...JSON.parse(readFileSync(path.join(dir, 'package.json'), 'utf8')) };
}

function licenceOf({ dir, name, version, license }) {
  const file = readdirSync(dir).find((entry) => /^licen[cs]e/i.test(entry));
  if (file === undefined) throw new Error(`${name} comes without the text of its licence`);
  return `${name} ${version} (${license})\n\n${readFileSync(path.join(dir, file), 'utf8').trim()}\n`;
}
