import fs from 'node:fs';

/**
 * Loaded into a measured process with `--import`: at its end, writes what it took to descriptor 3, as JSON.
 * VmHWM is the largest resident set that this program has had. The maximum that getrusage(2) gives would include what
 * the parent process had before it started this one.
 */
process.on('exit', () => {
  const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(fs.readFileSync('/proc/self/status', 'latin1')) ?? [];
  const { user, system } = process.cpuUsage();
  fs.writeSync(3, JSON.stringify({ peakRss: Number(kilobytes) * 1024, cpuSeconds: (user + system) / 1e6 }));
});
