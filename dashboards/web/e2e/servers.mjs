// The binaries under test as processes: started on ports that the system chooses, ended by their
// own process id, their last words kept for a failure.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** Longest wait for a server's first line; a debug build on a busy machine needs some of it. */
const START_MS = 60_000;
/** Longest run of a command that ends by itself. */
const COMMAND_MS = 60_000;
/** Time for a clean stop before the process is killed. */
const STOP_MS = 15_000;
/** Characters kept of what a process wrote. */
const KEPT = 8_000;

export function binary(name) {
  const path = process.env[name];
  if (!path) throw new Error(`${name} must name the binary under test`);
  return path;
}

export function temporary() {
  const path = mkdtempSync(join(tmpdir(), 'desserte-web-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

function start(command, args) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const run = { child, output: '', ended: null };
  const keep = (chunk) => {
    run.output = (run.output + chunk).slice(-KEPT);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  run.ended = new Promise((done) => {
    child.on('error', (error) => {
      keep(String(error));
      done({ code: null, signal: null });
    });
    child.on('exit', (code, signal) => done({ code, signal }));
  });
  run.stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    await run.ended;
    clearTimeout(timer);
  };
  return run;
}

/** Starts a server and reads its first line of JSON: `{"agents","web"}`. */
export async function serve(args) {
  const run = start(binary('DESSERTE_BIN'), args);
  const lines = createInterface({ input: run.child.stdout });
  let timer;
  const line = await Promise.race([
    new Promise((done) => {
      lines.on('line', (text) => {
        if (text.startsWith('{')) done(text);
      });
    }),
    run.ended.then(() => null),
    new Promise((done) => {
      timer = setTimeout(() => done(null), START_MS);
    }),
  ]);
  clearTimeout(timer);
  if (line === null) {
    await run.stop();
    throw new Error(`desserte ${args.join(' ')} did not say where it serves:\n${run.output}`);
  }
  return { ...run, ...JSON.parse(line), output: () => run.output };
}

/** Starts something that runs until it is stopped. */
export function background(name, args) {
  const run = start(binary(name), args);
  return { stop: run.stop, output: () => run.output };
}

/** Runs a command to its end; a refusal is an error with what it said. */
export async function command(name, args) {
  const run = start(binary(name), args);
  const timer = setTimeout(() => run.child.kill('SIGKILL'), COMMAND_MS);
  const { code } = await run.ended;
  clearTimeout(timer);
  if (code !== 0) throw new Error(`${name} ${args.join(' ')} ended with ${code}:\n${run.output}`);
  return run.output;
}

/**
 * A page on loopback that the agent measures and the test stops and starts. The port stays the
 * same, because the target's address does.
 */
export async function target() {
  let port = 0;
  let server = null;
  const self = {
    get url() {
      return `http://127.0.0.1:${port}/`;
    },
    requests: 0,
    async start() {
      server = createServer((_, response) => {
        self.requests += 1;
        response.end('ok\n');
      });
      await new Promise((done, fail) => {
        server.on('error', fail);
        server.listen(port, '127.0.0.1', done);
      });
      port = server.address().port;
    },
    async stop() {
      const old = server;
      server = null;
      if (!old) return;
      await new Promise((done) => {
        old.close(done);
        old.closeAllConnections();
      });
    },
  };
  await self.start();
  return self;
}

/**
 * The page to look at: a running one, or the demonstration in a folder of its own, without the
 * simulated fleet when no other size is given.
 */
export async function demonstration(fleet = ['--sites', '0']) {
  if (process.env.DESSERTE_WEB) return { web: process.env.DESSERTE_WEB, stop: async () => {} };
  const folder = temporary();
  const server = await serve(['demo', '--data', folder.path, '--web', '127.0.0.1:0', ...fleet]);
  return {
    web: server.web,
    stop: async () => {
      await server.stop();
      folder.remove();
    },
  };
}
