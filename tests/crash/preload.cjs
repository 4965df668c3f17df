'use strict';

/**
 * Stands between the command and `node:fs`, numbers its calls, and does to one of them what a plan says (`Plan` in
 * stage.ts): SPOOLSYNC_CRASH (JSON) where this is loaded with `node --require`, or what `arm` is given.
 *
 * Calls count when they concern something below one of `below`; `/proc/self/fd/N/NAME` is resolved to the path that it is
 * at that moment. `count: 'changes'` numbers the calls that can change something, `'calls'` every call.
 */

const childProcess = require('node:child_process');
const fs = require('node:fs');
const { syncBuiltinESMExports } = require('node:module');

const C = fs.constants;
const real = { ...fs };
const realSpawnSync = childProcess.spawnSync;
const realNow = Date.now;

/** What a call is about: a path, or the descriptor that is its first argument. */
const BY_PATH = ['openSync', 'mkdirSync', 'mkdtempSync', 'renameSync', 'linkSync', 'unlinkSync', 'rmdirSync'];
const BY_PATH_ONLY_LOOKING = [
  'accessSync',
  'lstatSync',
  'statSync',
  'statfsSync',
  'readlinkSync',
  'opendirSync',
];
/** The path is its second argument: it makes a file from one that is open. */
const BY_SECOND_PATH = ['copyFileSync'];
const BY_FD = [
  'writeSync',
  'ftruncateSync',
  'futimesSync',
  'fchownSync',
  'fchmodSync',
  'fsyncSync',
  'closeSync',
];
const BY_FD_ONLY_LOOKING = ['fstatSync', 'readSync', 'read'];
/** Of these, what leaves bytes, names and times as they are. */
const CHANGES_NOTHING = new Set(['fsyncSync', 'closeSync']);

let plan;
let number = 0;
let log;
let kept;

function descriptorPath(fd) {
  try {
    return real.readlinkSync(`/proc/self/fd/${fd}`, 'latin1');
  } catch {
    return '';
  }
}

/** The path (latin1) behind an argument; that of a file whose name is gone ends with ` (deleted)`. */
function pathOf(argument) {
  const text = Buffer.isBuffer(argument) ? argument.toString('latin1') : String(argument);
  const [, fd, rest] = /^\/proc\/self\/fd\/(\d+)(\/.*)?$/.exec(text) ?? [];
  if (fd === undefined) return text;
  const dir = descriptorPath(fd);
  const name = (rest ?? '').replace(/\/\.?$/, '');
  return dir === '/' && name !== '' ? name : dir + name;
}

function isBelow(path) {
  return plan?.below.some((dir) => path === dir || path.startsWith(`${dir}/`));
}

function note(entry) {
  if (plan.log === undefined) return;
  log ??= real.openSync(plan.log, C.O_WRONLY | C.O_CREAT | C.O_APPEND, 0o600);
  real.writeSync(log, `${JSON.stringify(entry)}\n`);
}

/** Writes down all that lies in the place of the plan: what a process that is killed at this moment leaves. */
function keep(torn) {
  const nodes = [];
  const visit = (relative) => {
    for (const name of real.readdirSync(`${plan.keep.at}/${relative}`).sort()) {
      const at = relative === '' ? name : `${relative}/${name}`;
      const stat = real.lstatSync(`${plan.keep.at}/${at}`);
      const mode = stat.mode & 0o7777;
      nodes.push(stat.isDirectory() ? { at, mode } : { at, mode, ...content(at, stat) });
      if (stat.isDirectory()) visit(at);
    }
  };
  visit('');
  kept ??= real.openSync(plan.keep.in, C.O_WRONLY | C.O_CREAT | C.O_TRUNC, 0o600);
  real.writeSync(kept, `${JSON.stringify({ n: number, torn, nodes })}\n`);
}

function content(at, stat) {
  const bytes = real.readFileSync(`${plan.keep.at}/${at}`).toString('base64');
  return { seconds: Math.floor(stat.mtimeMs / 1000), bytes };
}

function changes(call, args) {
  if (call === 'openSync') return (Number(args[1]) & (C.O_CREAT | C.O_TRUNC)) !== 0;
  return [...BY_PATH, ...BY_SECOND_PATH, ...BY_FD].includes(call) && !CHANGES_NOTHING.has(call);
}

function die() {
  process.kill(process.pid, 'SIGKILL');
  // The signal ends the process before this returns; should it not, nothing more may happen.
  for (;;);
}

function failure(call, path) {
  const error = new Error(`${plan.errno}: injected, ${call} '${path}'`);
  return Object.assign(error, { code: plan.errno, syscall: call, path });
}

/** Numbers a call; what is to be done to it. Behind the call that was meant, `again` names those that fail, too. */
function numbered(call, change) {
  if (plan.count === 'changes' && !change) return 'nothing';
  number++;
  if (number === plan.at) return plan.do;
  return number > plan.at && plan.again?.includes(call) ? 'fail' : 'nothing';
}

/** Calls `run`, or does instead what the plan has for this call. `args` are only looked at. */
function pass(name, path, args, run) {
  const change = changes(name, args);
  const call = name === 'openSync' && change ? 'create' : name.replace('Sync', '');
  const todo = numbered(call, change);
  const entry = { n: number, call, path, change, ...details(name, args) };
  switch (todo) {
    case 'kill':
      return die();
    case 'torn':
      real.writeSync(args[0], args[1], args[2], Math.floor(args[3] / 2));
      return die();
    case 'short':
      note({ ...entry, hit: true });
      return real.writeSync(args[0], args[1], args[2], Math.floor(args[3] / 2));
    case 'fail':
      note({ ...entry, hit: true });
      // close(2) that fails has closed the descriptor all the same.
      if (call === 'close') run();
      throw failure(call, path);
    default:
      if (plan.keep === undefined || !change) return logged(entry, run);
      keep(false);
      return logged(entry, call === 'write' && args[3] > 1 ? () => inTwo(args) : run);
  }
}

/** A write, with a look at what lies there in the middle of it. */
function inTwo([fd, bytes, offset, length]) {
  const half = Math.floor(length / 2);
  real.writeSync(fd, bytes, offset, half);
  keep(true);
  return half + real.writeSync(fd, bytes, offset + half, length - half);
}

function logged(entry, run) {
  let result;
  try {
    result = run();
  } catch (error) {
    note({ ...entry, threw: error.code });
    throw error;
  }
  note(entry.create === undefined ? entry : { ...entry, fd: result });
  return result;
}

/** What a later replay needs to know. */
function details(call, args) {
  if (plan.log === undefined) return {};
  switch (call) {
    case 'openSync':
      return { create: (args[1] & C.O_CREAT) !== 0, append: (args[1] & C.O_APPEND) !== 0, mode: args[2] };
    case 'mkdirSync':
      return { mode: args[1] };
    case 'renameSync':
    case 'linkSync':
      return { to: pathOf(args[1]) };
    case 'writeSync':
      return {
        fd: args[0],
        length: args[3],
        data: plan.data ? Buffer.from(args[1].subarray(args[2], args[2] + args[3])).toString('base64') : '',
      };
    case 'ftruncateSync':
      return { fd: args[0], size: args[1] };
    case 'futimesSync':
      return { fd: args[0], seconds: Number(args[2]) / (args[2] instanceof Date ? 1000 : 1) };
    case 'fchmodSync':
      return { fd: args[0], mode: args[1] };
    default:
      return typeof args[0] === 'number' ? { fd: args[0] } : {};
  }
}

function wrapSync(call, pathFrom) {
  fs[call] = (...args) => {
    const path = pathFrom(args[0]);
    if (!isBelow(path)) return real[call](...args);
    return pass(call, path, args, () => real[call](...args));
  };
}

function wrapBySecond(call) {
  fs[call] = (...args) => {
    const path = pathOf(args[1]);
    if (!isBelow(path)) return real[call](...args);
    return pass(call, path, args, () => real[call](...args));
  };
}

function wrapOpendir() {
  fs.opendirSync = (...args) => {
    const path = pathOf(args[0]);
    const handle = real.opendirSync(...args);
    if (!isBelow(path)) return handle;
    try {
      pass('opendirSync', path, args, () => undefined);
    } catch (error) {
      handle.closeSync();
      throw error;
    }
    const readSync = handle.readSync.bind(handle);
    handle.readSync = () => pass('readdir', path, [], readSync);
    return handle;
  };
}

function wrapRead() {
  fs.read = (fd, ...rest) => {
    const path = descriptorPath(fd);
    if (!isBelow(path)) return real.read(fd, ...rest);
    try {
      return pass('read', path, [fd], () => real.read(fd, ...rest));
    } catch (error) {
      return setImmediate(rest.at(-1), error, 0);
    }
  };
}

/** `sync -f`, handed the directory as its last descriptor. */
function wrapSpawnSync() {
  childProcess.spawnSync = (command, args, options) => {
    const path = command === 'sync' ? descriptorPath(options.stdio[3]) : '';
    if (!isBelow(path)) return realSpawnSync(command, args, options);
    try {
      return pass('syncfs', path, [], () => realSpawnSync(command, args, options));
    } catch (error) {
      return { status: null, signal: null, error };
    }
  };
}

/** Whatever mail services run on the machine of the tests are not those of the source. */
function wrapReadFile() {
  fs.readFileSync = (...args) => (String(args[0]).startsWith('/proc/net/') ? '' : real.readFileSync(...args));
}

/**
 * Numbers from 1 on, by `next`; `undefined` ends it. The clock stands still: which calls a pass makes depends on how old
 * files are, and must not depend on how busy the machine is.
 */
function arm(next) {
  for (const fd of [log, kept]) if (fd !== undefined) real.closeSync(fd);
  [plan, number, log, kept] = [next, 0, undefined, undefined];
  Date.now = next === undefined ? realNow : () => next.clock;
}

for (const call of [...BY_PATH, ...BY_PATH_ONLY_LOOKING]) wrapSync(call, pathOf);
for (const call of BY_SECOND_PATH) wrapBySecond(call);
for (const call of [...BY_FD, ...BY_FD_ONLY_LOOKING]) wrapSync(call, descriptorPath);
wrapReadFile();
wrapOpendir();
wrapRead();
wrapSpawnSync();
syncBuiltinESMExports();
if (process.env.SPOOLSYNC_CRASH !== undefined) arm(JSON.parse(process.env.SPOOLSYNC_CRASH));

module.exports = {
  arm,
  KNOWN: [...BY_PATH, ...BY_SECOND_PATH, ...BY_PATH_ONLY_LOOKING, ...BY_FD, ...BY_FD_ONLY_LOOKING],
};
