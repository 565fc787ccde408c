/** Every answer code of the relay, to every kind of queued request. Spec: wire.md §3, one2one.md §5. */
import { afterEach, describe, expect, test } from '@jest/globals';
import type { Verdict } from '../../lib/client/verdict.js';
import { e2ees } from '../../lib/wire/generated/e2ees.js';
import { type RequestName, requestRowOf, requests, successCode } from '../../lib/wire/request.js';
import type { Transport } from '../../lib/transport/transport.js';
import { type Device, World, until } from '../support/scenario.js';
import { answering } from '../support/scenario-answers.js';

/** Codes of no schema, and of later ones. Spec: wire.md §13. */
const unknownCodes = [1, 100, 302, 410, 413, 426, 429, 999];

const codes = [...new Set(Object.values(e2ees.ResponseCode).filter((code) => typeof code === 'number')), ...unknownCodes, 1_008];

/** What each code means for a request that is for a device; the others are outages. */
const meant: Readonly<Record<number, Verdict>> = {
  200: 'done',
  400: 'refused',
  401: 'renew',
  403: 'refused',
  404: 'device-lost',
  409: 'refused',
  413: 'refused',
  417: 'refused',
  426: 'refused',
};

function expected(code: number, isForDevice: boolean): Verdict {
  if (code >= 1_000) return 'refused';
  const verdict = meant[code] ?? 'retry';
  return verdict === 'device-lost' && !isForDevice ? 'refused' : verdict;
}

let world: World;

afterEach(async () => {
  expect(await world.end()).toEqual([]);
});

/** Gives the next request of one kind another answer, and counts what came of it. */
class Meddler {
  readonly name: RequestName;
  /** The code of the next answer; the relay answers the following ones. */
  code: number | undefined;
  /** What was sent, the request with the other answer first. */
  bodies: Uint8Array[] = [];
  renewals = 0;

  constructor(name: RequestName) {
    this.name = name;
  }

  get transport(): Transport {
    const inner = answering(world.relay.network.transport, (name, body) => {
      if (name !== this.name) return undefined;
      this.bodies.push(body.slice());
      const { code } = this;
      this.code = undefined;
      return code === undefined || code === successCode ? undefined : requestRowOf(name).encodeResponse({ ok: false, code, message: '' });
    });
    return {
      connect: (options) => {
        if (options.hello.credential.kind === 'password') this.renewals += 1;
        return inner.connect(options);
      },
    };
  }

  /** What became of the request that `act` makes when it is answered with `code`. */
  async verdict(device: Device, code: number, act: () => Promise<unknown>): Promise<Verdict> {
    const { name } = this;
    const before = { refused: device.eventsOf('request-refused').length, lost: device.eventsOf('session-lost').length };
    const { renewals } = this;
    this.bodies = [];
    this.code = code;
    await act();
    await until(() => this.bodies.length > 0 && this.code === undefined, `${name} is answered with ${code}`);
    const refusals = (): unknown[] => device.eventsOf('request-refused').slice(before.refused);
    const hasEnded = (): boolean =>
      this.bodies.length > 1 || refusals().length > 0 || device.eventsOf('session-lost').length > before.lost || code === successCode;
    await world.passes(hasEnded, `something comes of ${name} with ${code}`);
    if (refusals().length > 0) {
      expect(refusals()).toMatchObject([{ request: name, code }]);
      return 'refused';
    }
    if (device.eventsOf('session-lost').length > before.lost) return 'device-lost';
    if (code === successCode) return 'done';
    // The very same bytes: a message key seals one plaintext.
    expect(this.bodies[1]).toEqual(this.bodies[0]);
    return this.renewals > renewals ? 'renew' : 'retry';
  }
}

const limits = { lowOneTimePreKeys: 0, invitesPerTarget: { count: 1_000, per: 60_000 }, bundlesPerTarget: { count: 1_000, per: 60_000 } };

describe('the answer to a queued request decides what becomes of it, whatever its code', () => {
  test('a message', async () => {
    world = await World.create('codes for messages', { limits });
    const meddler = new Meddler('send_one2one_msg');
    const alice = await world.join('alice', 'one', { client: { transport: meddler.transport } });
    const bob = await world.join('bob');
    await alice.send(bob, 'first');
    await bob.hears(1);
    const arrived = ['first'];
    for (const code of codes) {
      const text = `answered ${code}`;
      let messageId = '';
      const verdict = await meddler.verdict(alice, code, async () => {
        messageId = await alice.send(bob, text);
      });
      expect([code, verdict]).toEqual([code, expected(code, true)]);
      if (verdict === 'refused') expect(alice.eventsOf('request-refused').at(-1)).toMatchObject({ device: bob.address, messageId });
      else if (verdict === 'device-lost')
        expect(alice.eventsOf('session-lost').at(-1)).toMatchObject({ messageIds: expect.arrayContaining([messageId]) as unknown });
      else arrived.push(text);
      // After a loss the next message needs, and finds, a new session.
      await alice.send(bob, `after ${code}`);
      arrived.push(`after ${code}`);
      await world.passes(() => bob.received.length >= arrived.length, `what follows ${code} arrives`);
    }
    expect(bob.texts).toEqual(arrived);
    // A device that is lost takes what was refused for it along.
    const kept = codes.slice(codes.indexOf(404)).filter((code) => expected(code, true) === 'refused');
    expect((await alice.client.status()).refused).toBe(kept.length);
  });

  test('an invite', async () => {
    world = await World.create('codes for invites', { limits });
    const meddler = new Meddler('invite');
    const alice = await world.join('alice', 'one', { client: { transport: meddler.transport } });
    const bob = await world.join('bob', 'one', { register: { oneTimePreKeys: 100 } });
    for (const code of codes) {
      const verdict = await meddler.verdict(alice, code, () => alice.client.invite(bob.user));
      expect([code, verdict]).toEqual([code, expected(code, true)]);
      await bob.isQuiet();
    }
    await alice.send(bob, 'still there');
    await world.passes(() => bob.received.length > 0, 'a message arrives all the same');
  });

  test('an upload of keys', async () => {
    world = await World.create('codes for keys', { limits: { lowOneTimePreKeys: 2, fullOneTimePreKeys: 4 } });
    // The ids are known already: others are made, see below.
    for (const code of codes.filter((each) => each !== 409)) {
      const meddler = new Meddler('supply_opks');
      const device = world.device(`answered ${code}`, 'one', { client: { transport: meddler.transport }, register: { oneTimePreKeys: 1 } });
      // The relay asks whoever has few keys as soon as he connects.
      const verdict = await meddler.verdict(device, code, () => device.register());
      expect([code, verdict]).toEqual([code, expected(code, false)]);
      await device.close();
    }
  });

  test('an upload of keys whose ids the relay knows', async () => {
    world = await World.create('codes for known keys', { limits: { lowOneTimePreKeys: 2, fullOneTimePreKeys: 4 } });
    const meddler = new Meddler('supply_opks');
    const alice = world.device('alice', 'one', { client: { transport: meddler.transport }, register: { oneTimePreKeys: 1 } });
    meddler.code = 409;
    await alice.register();
    await world.passes(() => meddler.bodies.length > 1, 'keys are supplied again');
    const [refused = [], others = []] = meddler.bodies.map((body) => requests.supply_opks.decodeRequest(body).oneTimePreKeys);
    expect(others).toHaveLength(refused.length);
    const highest = Math.max(...refused.map(({ id }) => id));
    expect(others.every(({ id }) => id > highest + 10_000)).toBe(true);
    await alice.isQuiet();
    expect(alice.eventsOf('request-refused')).toEqual([]);
    expect((await alice.client.status()).oneTimePreKeys).toBe(1 + others.length);
    // A relay that refuses all is not asked for ever.
    const never = answering(world.relay.network.transport, (name) =>
      name === 'supply_opks' ? requestRowOf(name).encodeResponse({ ok: false, code: 409, message: '' }) : undefined,
    );
    const bob = await world.device('bob', 'one', { client: { transport: never }, register: { oneTimePreKeys: 1 } }).register();
    await world.passes(() => bob.eventsOf('request-refused').length > 0, 'it is told');
    expect(bob.eventsOf('request-refused')).toMatchObject([{ request: 'supply_opks', code: 409 }]);
    expect(bob.eventsOf('pre-keys-supplied')).toHaveLength(3);
  });

  test('a change of the user', async () => {
    world = await World.create('codes for changes', { limits });
    const meddler = new Meddler('update_user');
    const alice = await world.join('alice', 'one', { client: { transport: meddler.transport } });
    for (const code of codes) {
      const verdict = await meddler.verdict(alice, code, () => alice.client.updateUser({ kind: 'state', state: code }));
      expect([code, verdict]).toEqual([code, expected(code, false)]);
      await world.passes(() => meddler.code === undefined, `${code} is over`);
    }
  });
});
