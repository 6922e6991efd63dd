// `make bench-doors`: guesses, packed and oversized bodies, and slow connections against a running
// collector. Prints a table and writes target/bench/doors.json. Everything is on loopback, each kind of
// guest from an address of its own.
//
// Environment: DESSERTE_BIN (the collector), BENCH_GUESSES (10000), BENCH_SLOW (2000).

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { command, serve, temporary } from '../e2e/servers.mjs';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const GUESSES = Number(process.env.BENCH_GUESSES ?? 10_000);
const SLOW = Number(process.env.BENCH_SLOW ?? 2_000);
const PASSWORD = 'le fleuve monte en mai';
const BOMB_BYTES = 256 * 1024 * 1024;

const quantile = (list, share) =>
  list.toSorted((a, b) => a - b)[Math.min(list.length - 1, Math.floor(list.length * share))];
const wait = (ms) => new Promise((done) => setTimeout(done, ms));

let host;
const heard = new WeakSet();
function ask({ method = 'GET', path, body, headers = {}, from = '127.0.0.1', agent }) {
  return new Promise((done, fail) => {
    const begun = performance.now();
    const request = http.request(
      {
        ...{ host: '127.0.0.1', port: host.split(':')[1], method, path, localAddress: from, agent },
        headers: { Host: host, 'Content-Type': 'application/json', ...headers },
      },
      (response) => {
        const chunks = [];
        response.on('data', (chunk) => chunks.push(chunk));
        response.on('end', () =>
          done({
            status: response.statusCode,
            headers: response.headers,
            body: Buffer.concat(chunks).toString(),
            ms: performance.now() - begun,
          }),
        );
      },
    );
    request.on('error', fail);
    // A connection that the collector closed after its answer is its right.
    request.on('socket', (socket) => {
      if (heard.has(socket)) return;
      heard.add(socket);
      socket.on('error', () => {});
    });
    request.end(body);
  });
}

const signIn = (password, more = {}) =>
  ask({
    ...{ method: 'POST', path: '/api/v1/session', ...more },
    body: JSON.stringify({ person: 'amina', password }),
  });

/** Kilobytes in memory, and the most there ever were. */
function memory(pid) {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(text)[1]);
}

async function guesses(rotating) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 8 });
  const from = rotating ? '127.0.0.8' : '127.0.0.9';
  let evaluated = 0;
  let sent = 0;
  const signedIn = [];
  const guess = async () => {
    while (sent < GUESSES) {
      const number = sent;
      sent += 1;
      const headers = rotating ? { 'X-Forwarded-For': `198.51.${number >> 8 & 255}.${number & 255}` } : {};
      const told = await signIn(`guess number ${number}`, { from, agent, headers });
      if (told.status === 401) evaluated += 1;
      else if (told.status !== 429) throw new Error(`a guess was answered ${told.status}`);
    }
  };
  const owner = async () => {
    // The owner comes from an address that has not guessed, again and again.
    for (let time = 0; time < 20 && sent < GUESSES; time += 1) {
      const told = await signIn(PASSWORD, { from: `127.0.1.${time + (rotating ? 100 : 1)}` });
      if (told.status !== 200) throw new Error(`the owner was answered ${told.status}`);
      signedIn.push(told.ms);
      await wait(50);
    }
  };
  await Promise.all([...Array.from({ length: 8 }, guess), owner()]);
  agent.destroy();
  return { evaluated, signedIn };
}

async function bombs(pid) {
  const before = memory(pid);
  let most = before;
  const timer = setInterval(() => (most = Math.max(most, memory(pid))), 5);
  const zeros = Buffer.alloc(BOMB_BYTES);
  const statuses = new Map();
  const packed = gzipSync(zeros);
  for (const [coding, body] of [
    ['gzip', packed],
    ['gzip, gzip', gzipSync(packed)],
    ['br', brotliCompressSync(zeros.subarray(0, BOMB_BYTES / 8))],
    ['zstd', Buffer.from([0x50, 0x2a, 0x4d, 0x18, 0xff, 0xff, 0xff, 0x0f])],
    [null, zeros.subarray(0, BOMB_BYTES / 4)],
  ]) {
    const headers = coding ? { 'Content-Encoding': coding } : {};
    for (const path of ['/api/v1/session', '/api/v1/invitations/accept']) {
      // A body that is refused before its end may also be cut off.
      const told = await ask({ method: 'POST', path, body, headers }).catch(() => ({ status: 'cut off' }));
      statuses.set(told.status, (statuses.get(told.status) ?? 0) + 1);
    }
  }
  clearInterval(timer);
  return { grown: Math.max(0, most - before) / 1024, statuses };
}

async function slow() {
  const [, port] = host.split(':');
  const sockets = [];
  for (let number = 0; number < SLOW; number += 1) {
    const socket = net.connect({ host: '127.0.0.1', port: Number(port), localAddress: `127.0.2.${(number % 8) + 1}` });
    socket.on('error', () => {});
    socket.write('GET /health HTTP/1.1\r\nX-Slow: ');
    sockets.push(socket);
  }
  const timer = setInterval(() => sockets.forEach((socket) => socket.writable && socket.write('a')), 2_000);
  await wait(1_000);
  const times = [];
  for (let number = 0; number < 200; number += 1) {
    times.push((await ask({ path: '/health' })).ms);
    await wait(20);
  }
  clearInterval(timer);
  sockets.forEach((socket) => socket.destroy());
  return times;
}

const folder = temporary();
let server;
try {
  server = await serve(['serve', '--data', folder.path, '--agents', '127.0.0.1:0', '--web', '127.0.0.1:0']);
  host = server.web.replace('http://', '');
  const made = await command('DESSERTE_BIN', [
    ...['users', 'add', 'amina', '--name', 'Amina', '--role', 'administrator', '--data', folder.path],
  ]);
  const secret = JSON.parse(made).link.split('/').at(-1);
  const body = JSON.stringify({ secret, password: PASSWORD });
  const accepted = await ask({ method: 'POST', path: '/api/v1/invitations/accept', body });
  if (accepted.status !== 204) throw new Error(`the invitation was answered ${accepted.status}: ${accepted.body}`);
  const plain = await guesses(false);
  const rotating = await guesses(true);
  const bomb = await bombs(server.child.pid);
  const idle = [];
  for (let number = 0; number < 100; number += 1) idle.push((await ask({ path: '/health' })).ms);
  const times = await slow();
  const round = (value) => Math.round(value * 10) / 10;
  const cpu = `${cpus()[0]?.model.trim()}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB`;
  const date = new Date().toISOString().slice(0, 10);
  const answers = [...bomb.statuses].map(([status, count]) => `${count} × ${status}`).join(', ');
  const figures = [
    [`${GUESSES} guesses of one network, evaluated`, 'guesses', plain.evaluated, null, null, '≤ 20'],
    [`${GUESSES} guesses with another X-Forwarded-For each, evaluated`, 'guesses', rotating.evaluated, null, null, '≤ 20'],
    ['sign-in of the owner meanwhile', `ms, p99 of ${plain.signedIn.length + rotating.signedIn.length}`, round(quantile([...plain.signedIn, ...rotating.signedIn], 0.99)), null, null, '< 1000'],
    [`packed and oversized bodies (${answers})`, 'MiB more memory', round(bomb.grown), null, null, '< 32'],
    ['GET /health without slow connections', 'ms, p99 of 100', round(quantile(idle, 0.99)), null, null, null],
    [`GET /health beside ${SLOW} slow connections`, 'ms, p99 of 200', round(quantile(times, 0.99)), null, null, '< 500'],
  ].map(([figure, unit, ours, peer, peer_value, goal]) => ({ figure, unit, ours, peer, peer_value, goal, cpu, date }));
  for (const item of figures) {
    process.stdout.write(`${item.figure.padEnd(70)} ${String(item.ours).padStart(9)}  ${item.unit.padEnd(20)} ${item.goal ?? ''}\n`);
  }
  const out = join(ROOT, 'target/bench');
  mkdirSync(out, { recursive: true });
  writeFileSync(join(out, 'doors.json'), `${JSON.stringify(figures, null, 2)}\n`);
} finally {
  await server?.stop();
  folder.remove();
}
