/** Thousands of damaged requests and frames from seeded randomness: a typed answer each, no crash, and no commit for what is refused. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { RequestName } from '../../lib/wire/request.js';
import { requestNames, requestRowOf } from '../../lib/wire/request.js';
import { decodeFrame, encodeFrame } from '../../lib/wire/frame.js';
import { seededBytes } from '../support/seeded-jobs.js';
import { settled } from '../transport/fake-clock.js';
import type { RelayFixture, TestDevice } from './relay-fixture.js';
import { device, expectOk, join, startRelay } from './relay-fixture.js';
import { encodedCase } from './request-cases.js';

const manyEvents = { count: 1_000_000, per: 60_000 };

let fixture: RelayFixture;
let alice: TestDevice;
let bob: TestDevice;

beforeEach(async () => {
  fixture = await startRelay({
    limits: {
      requests: manyEvents,
      registrations: manyEvents,
      bundlesPerTarget: manyEvents,
      invitesPerTarget: manyEvents,
      groupChanges: manyEvents,
      lowOneTimePreKeys: 1,
    },
  });
  alice = await join(fixture, 'alice');
  bob = await join(fixture, 'bob');
  expectOk(await alice.send(alice.address, 'to be consumed'));
  await alice.received(1);
});

afterEach(async () => {
  await fixture.relay.close();
});

/** Draws numbers below a bound. */
function dice(seed: string): (bound: number) => number {
  const draw = seededBytes(seed);
  return (bound) => new DataView(draw(4).buffer).getUint32(0) % bound;
}

/** `bytes` damaged in one way. */
function damaged(bytes: Uint8Array, roll: (bound: number) => number): Uint8Array {
  const at = roll(bytes.length);
  const out = Uint8Array.from(bytes);
  switch (roll(6)) {
    case 0:
      out[at]! ^= 1 << roll(8);
      return out;
    case 1:
      out[at] = roll(256);
      return out;
    case 2:
      return out.subarray(0, at);
    case 3:
      return Uint8Array.from([...bytes.subarray(0, at), ...Array.from({ length: 1 + roll(5) }, () => roll(256)), ...bytes.subarray(at)]);
    case 4:
      return Uint8Array.from([...bytes.subarray(0, at), ...bytes.subarray(Math.min(bytes.length, at + 1 + roll(20)))]);
    default:
      // Near the front are the fields' heads and the addresses.
      out[roll(Math.min(bytes.length, 60))] = roll(256);
      return out;
  }
}

test.each(requestNames())('%s survives 300 damaged requests', async (name) => {
  const roll = dice(`hostile ${name}`);
  const request = encodedCase(name, alice, bob, alice.address);
  const codes = new Map<number, number>();
  for (let count = 0; count < 300; count += 1) {
    const before = fixture.commits;
    const code = await codeOf(name, damaged(request, roll));
    codes.set(code, (codes.get(code) ?? 0) + 1);
    if (code !== 200) expect(fixture.commits).toBe(before);
  }
  expect([...codes.keys()].filter((code) => ![200, 204, 400, 401, 403, 404, 409, 503].includes(code))).toEqual([]);
  expect(codes.get(400)).toBeGreaterThan(0);
  expect(fixture.logs.filter(({ level }) => level === 'error')).toEqual([]);
  expectOk(await alice.send(bob.address, 'still here'));
});

async function codeOf(name: RequestName, body: Uint8Array): Promise<number> {
  if (alice.connection === undefined) throw new Error('alice is not connected');
  const response = requestRowOf(name).decodeResponse(await alice.connection.request(name, body));
  return response.ok ? 200 : response.code;
}

test('500 damaged frames end at most their own connection', async () => {
  const roll = dice('hostile frames');
  const row = requestRowOf('get_group');
  const hello = encodeFrame({ kind: 'hello', hello: device('x').hello({ kind: 'none' }) });
  const request = encodeFrame({ kind: 'request', id: 1, request: row.code, body: new Uint8Array(20), commitCounter: 0 });
  const kinds = new Map<string, number>();
  for (let count = 0; count < 500; count += 1) {
    const channel = await fixture.network.dial();
    channel.receive({
      onFrame: (frame) => {
        const { kind } = decodeFrame(frame);
        kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
      },
      onDrain: () => undefined,
    });
    const early = roll(2) === 0;
    channel.send(early ? damaged(hello, roll) : hello);
    channel.send(early ? request : damaged(request, roll));
    await settled();
    channel.close();
  }
  expect(kinds.get('goodbye')).toBeGreaterThan(100);
  expect(kinds.get('response')).toBeGreaterThan(50);
  expect(fixture.logs.filter(({ level }) => level === 'error')).toEqual([]);
  expectOk(await alice.send(bob.address, 'still here'));
  expect(fixture.relay.connectionCount).toBe(2);
});
