'use strict';

/**
 * Runs the built command again and again in one process, which saves its start: `{argv, plan}` comes as a message, exit
 * status and output go back. What a run has left open is closed as the end of its process would.
 */

const fs = require('node:fs');
const path = require('node:path');
const { arm } = require('./preload.cjs');

const MAIN = path.join(__dirname, '../../dist/bundle/spoolsync.js');
const [, , AT] = process.argv;

for (const stream of [process.stdout, process.stderr]) stream.setMaxListeners(0);

process.on('message', async ({ argv, plan }) => {
  const { main } = await import(MAIN);
  const out = collect(process.stdout);
  const err = collect(process.stderr);
  arm(plan);
  let status;
  try {
    status = await main(['node', 'spoolsync', ...argv]);
  } finally {
    arm(undefined);
  }
  const answer = { status, stdout: out(), stderr: err() };
  closeAll();
  process.send(answer);
});

function collect(stream) {
  const { write } = stream;
  let text = '';
  stream.write = (piece) => {
    text += piece;
    return true;
  };
  return () => {
    stream.write = write;
    return text;
  };
}

function closeAll() {
  for (const fd of fs.readdirSync('/proc/self/fd')) {
    let open = '';
    try {
      open = fs.readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      // The one that was open for the listing.
    }
    if (open.startsWith(`${AT}/`)) fs.closeSync(Number(fd));
  }
}
