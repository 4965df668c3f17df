/**
 * The program as one file: opening 150 modules takes longer than a pass that finds nothing to do. Packages stay what they
 * are, and where npm puts them.
 */
export default {
  input: 'dist/cli/main.js',
  platform: 'node',
  external: /^[^./]/,
  logLevel: 'silent',
  output: { file: 'dist/bundle/spoolsync.js', format: 'esm' },
};
