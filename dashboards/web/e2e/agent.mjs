// A foreign agent for tests (docs/agent-protocol.md): it enrols with a code and sends, signed, what it
// claims to have measured, weeks back. The data are invented, and the site that it sits at says so.

import assert from 'node:assert/strict';
import { createHash, createPrivateKey, createPublicKey, randomBytes, sign } from 'node:crypto';
import { Agent, request } from 'node:https';

/** Entries of one batch: 1 MiB of JSON holds some two thousand of two targets. */
const BATCH_ENTRIES = 1_400;
/** Boot time of the invented machine when it starts to send: longer than anything it claims. */
const UPTIME_MS = 100 * 86_400_000;
const DAY_MS = 86_400_000;
const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

const sha256 = (...parts) => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

function base32(text) {
  const bits = [...text.toUpperCase().replace(/[^A-Z2-7]/g, '')]
    .map((letter) => BASE32.indexOf(letter).toString(2).padStart(5, '0'))
    .join('');
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
}

function keys() {
  // A private key of PKCS #8 is this head and the 32 bytes of the seed (RFC 8410).
  const head = Buffer.from('302e020100300506032b657004220420', 'hex');
  const der = Buffer.concat([head, randomBytes(32)]);
  const secret = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  const spki = createPublicKey(secret).export({ format: 'der', type: 'spki' });
  return { secret, open: spki.subarray(-32) };
}

const identifier = () => {
  const hex = randomBytes(16).toString('hex');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
};
const raw = (name) => Buffer.from(name.replaceAll('-', ''), 'hex');
const number = (value) => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(BigInt(value));
  return bytes;
};

/** Requests over one connection; a test's collector is on loopback, so its key is not pinned. */
function caller(collector) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false });
  return (method, path, body, headers = {}) =>
    new Promise((done, fail) => {
      const asked = request(new URL(path, collector), { method, headers, agent }, (answer) => {
        let text = '';
        answer.on('data', (chunk) => (text += chunk));
        answer.on('end', () => done({ status: answer.statusCode, json: JSON.parse(text || 'null') }));
      });
      asked.on('error', fail);
      asked.end(body);
    });
}

/**
 * Enrols and sends `measure(slotStartMs)` for every slot from `from` to now: `null` measures nothing,
 * else `{ received, facts }` of five packets to each target, over the agent's only line.
 */
export async function history(told) {
  const { collector, code, targets, slotSeconds, from, measure, software = 'browser-test/1' } = told;
  const call = caller(collector);
  const { secret, open } = keys();
  const shared = base32(code).subarray(0, 16);
  const proof = sign(null, Buffer.concat([Buffer.from('desserte-enrol-v1\0'), sha256(shared), open]), secret);
  const enrolled = await call(
    'POST',
    '/api/v1/agents/enrol',
    JSON.stringify({
      version: 1,
      secret: shared.toString('hex'),
      public_key: open.toString('hex'),
      software,
      proof: proof.toString('hex'),
    }),
    { 'Content-Type': 'application/json' },
  );
  assert.equal(enrolled.status, 201, JSON.stringify(enrolled.json));
  const agent = enrolled.json.agent;
  const boot = identifier();
  const gateway = randomBytes(16).toString('hex');
  const began = Date.now();
  const boottime = (unixMs) => Math.round(unixMs - began + UPTIME_MS);
  const left = boottime(Date.now());
  const { json: time } = await call('GET', `/api/v1/time?nonce=${randomBytes(16).toString('hex')}`);
  const exchange = {
    sent_boottime_ms: left,
    received_boottime_ms: boottime(Date.now()),
    collector_received_unix_ms: time.received_unix_ms,
    collector_sent_unix_ms: time.sent_unix_ms,
  };

  const entries = [];
  const slotMs = slotSeconds * 1000;
  for (let slot = from; slot + slotMs <= began; slot += slotMs) {
    const found = measure(slot);
    if (found === null) continue;
    const start = boottime(slot + slotMs / 3);
    const rtt = found.received > 0 ? 20_000 + ((slot / slotMs) % 7) * 400 : null;
    const sample = (target) => ({
      ...{ target, line: 0, start_boottime_ms: start, sent: 5, received: found.received },
      outcome: found.received === 5 ? 'ok' : 'timeout',
      ...{ rtt_us_min: rtt, rtt_us_median: rtt, rtt_us_max: rtt, detail: null, coarse: true },
      rtt_us_mean_successive_difference: found.received > 1 ? 90 : null,
    });
    const evidence = found.facts.map((fact) => ({ boottime_ms: start + 500, fact }));
    const sequence = entries.length + 1;
    const content = { minute: { samples: targets.map((_, index) => sample(index)), evidence } };
    entries.push({ sequence, written_boottime_ms: start + 1000, content });
  }

  let previous = '0'.repeat(64);
  for (let first = 0; first < entries.length; first += BATCH_ENTRIES) {
    const part = entries.slice(first, first + BATCH_ENTRIES);
    const [low, high] = [part[0].sequence, part.at(-1).sequence];
    // As an agent that was in touch all along would have them: a clock drifts from its last exchange.
    const exchanges = [];
    for (let at = part[0].written_boottime_ms; at < part.at(-1).written_boottime_ms; at += DAY_MS) {
      const unixMs = Math.round(at + began - UPTIME_MS);
      exchanges.push({
        ...{ sent_boottime_ms: at, received_boottime_ms: at + 20 },
        ...{ collector_received_unix_ms: unixMs + 10, collector_sent_unix_ms: unixMs + 10 },
      });
    }
    const body = JSON.stringify({
      ...{ version: 1, agent, boot, software, profile: 'full' },
      sealed_boottime_ms: boottime(Date.now()),
      sealed_wall_unix_ms: null,
      time_exchanges: [...exchanges, exchange],
      targets: targets.map((id) => ({ id, kind: 'icmp', slot_seconds: slotSeconds })),
      lines: [{ interface: 'eth0', gateway, family: 'ipv4' }],
      entries: part,
    });
    const signed = Buffer.concat([
      Buffer.from('desserte-batch-v1\0'),
      ...[raw(agent), raw(boot), number(low), number(high), Buffer.from(previous, 'hex')],
      sha256(body),
    ]);
    const { status, json } = await call('POST', '/api/v1/batches', body, {
      'Content-Type': 'application/json',
      'Desserte-Agent': agent,
      'Desserte-Boot': boot,
      'Desserte-Sequence': `${low}-${high}`,
      'Desserte-Previous': previous,
      'Desserte-Signature': sign(null, signed, secret).toString('hex'),
    });
    assert.equal(status, 200, JSON.stringify(json));
    previous = json.batch_hash;
  }
  return { agent, entries: entries.length };
}
