/** Every request of the schema against every way in which it may not be made. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { DeviceAddress } from '../../lib/base/address.js';
import { limits } from '../../lib/base/limits.js';
import { maxBodyLength } from '../../lib/server/dispatch.js';
import { tables as tableNames } from '../../lib/store/store.js';
import type { RequestName, ResponseOf } from '../../lib/wire/request.js';
import { requestNames, requestRowOf } from '../../lib/wire/request.js';
import { settled } from '../transport/fake-clock.js';
import type { RelayFixture, TestDevice } from './relay-fixture.js';
import { device, join, startRelay } from './relay-fixture.js';
import { cases, encodedCase } from './request-cases.js';

/** Two heartbeats: the connection is alive when the token ends. */
const tokenLifetime = 60_000;

let fixture: RelayFixture;
let alice: TestDevice;
let bob: TestDevice;

beforeEach(async () => {
  // Three one-time pre-keys are fewer than the relay likes, so each device is asked for more: the push that alice consumes.
  fixture = await startRelay({ limits: { tokenLifetime } });
  alice = await join(fixture, 'alice');
  bob = await join(fixture, 'bob');
  await alice.received(1);
  await bob.received(1);
});

afterEach(async () => {
  await fixture.relay.close();
});

/** Everything the relay has stored. */
function stored(): string {
  return tableNames
    .flatMap((table) =>
      [...fixture.tables.rows(table).entries({ prefix: '', after: undefined, reverse: undefined })].map(
        ([key, value]) => `${table} ${Buffer.from(key, 'latin1').toString('hex')} ${Buffer.from(value).toString('hex')}`,
      ),
    )
    .join('\n');
}

function codeOf<Name extends RequestName>(response: ResponseOf<Name>): number {
  return response.ok ? 200 : response.code;
}

function encoded(name: RequestName, sender: DeviceAddress): Uint8Array {
  return encodedCase(name, alice, bob, sender);
}

async function sendRaw(name: RequestName, from: TestDevice, body: Uint8Array): Promise<number> {
  if (from.connection === undefined) throw new Error('the device is not connected');
  return codeOf(requestRowOf(name).decodeResponse(await from.connection.request(name, body)));
}

test('every request of the schema has a row here', () => {
  expect(Object.keys(cases).sort()).toEqual(requestNames().sort());
});

describe.each(requestNames())('%s', (name) => {
  test('is answered, and answered the same way when it comes again', async () => {
    const request = encoded(name, alice.address);
    expect(await sendRaw(name, alice, request)).toBe(cases[name].code);
    await settled();
    const pushed = bob.pushes.length;
    expect(await sendRaw(name, alice, request)).toBe(cases[name].again);
    await settled();
    expect(bob.pushes.length - pushed).toBe(cases[name].pushedAgain);
  });

  test('without a credential is answered 401 and changes nothing', async () => {
    const request = encoded(name, alice.address);
    const stranger = device('alice', 'stranger');
    await stranger.connect(fixture.network.transport, stranger.hello({ kind: 'none' }));
    const before = stored();
    const code = await sendRaw(name, stranger, request);
    if (name === 'register_user') {
      expect(code).toBe(200);
    } else {
      expect(code).toBe(401);
      expect(stored()).toBe(before);
    }
  });

  test('with a token that has expired in the meantime is answered 401 and changes nothing', async () => {
    const request = encoded(name, alice.address);
    const before = stored();
    await fixture.clock.advance(tokenLifetime);
    const code = await sendRaw(name, alice, request);
    if (name !== 'register_user') {
      expect(code).toBe(401);
      expect(stored()).toBe(before);
    }
  });

  test('in the name of another device is refused and changes nothing', async () => {
    const { otherSender } = cases[name];
    if (otherSender === undefined) return;
    const request = encoded(name, bob.address);
    const before = stored();
    expect(await sendRaw(name, alice, request)).toBe(otherSender);
    expect(stored()).toBe(before);
  });

  test('with too large a body is answered 400 or ends the connection, and changes nothing', async () => {
    const before = stored();
    const length = maxBodyLength(name, limits.frameLength) + 1;
    const answer = sendRaw(name, alice, new Uint8Array(length));
    if (length > limits.frameLength) await expect(answer).rejects.toMatchObject({ code: 'offline' });
    else expect(await answer).toBe(400);
    expect(stored()).toBe(before);
  });

  test('with bytes that are no request is answered 400 and changes nothing', async () => {
    const request = encoded(name, alice.address);
    const before = stored();
    for (const bytes of [new Uint8Array(0), new Uint8Array(100).fill(0xff), request.subarray(0, request.length - 1)]) {
      expect(await sendRaw(name, alice, bytes)).toBe(400);
    }
    expect(stored()).toBe(before);
    expect(await sendRaw(name, alice, request)).toBe(cases[name].code);
  });
});
