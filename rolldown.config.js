/**
 * The program as one file: opening 150 modules takes longer than a pass that finds nothing to do. Packages stay what they
 * are, and where npm puts them.
 */
export default {
  input: { spoolsync: 'dist/cli/main.js', worker: 'dist/cli/worker.js' },
  platform: 'node',
  external: /^[^./]/,
  logLevel: 'silent',
  output: { dir: 'dist/bundle', entryFileNames: '[name].js', chunkFileNames: 'shared.js', format: 'esm' },
};
