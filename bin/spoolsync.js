#!/usr/bin/env node
// Says in plain words what an old Node would say with a syntax error: this file must parse everywhere.
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`spoolsync: Node 20.19 or newer is needed, this is ${process.versions.node}`);
  process.exit(70);
}
const { main } = await import('../dist/bundle/spoolsync.js');
process.exitCode = await main(process.argv);
