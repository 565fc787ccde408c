import { expect, test } from '@jest/globals';
import { limits } from '../../lib/base/limits.js';
import { suiteByName } from '../../lib/crypto/cipher-suite.js';
import { ClientWorld } from './client-world.js';

test('a relay that asks for one-time pre-keys without end does not fill the store', async () => {
  const world = await ClientWorld.create('endless supply', suiteByName('curve25519signature-mlkem512'));
  const supply = {
    kind: 'supply-one-time-pre-keys',
    value: { time: world.clock.now(), count: limits.oneTimePreKeys, user: world.address },
  } as const;
  const rounds = limits.oneTimePreKeysKept / limits.oneTimePreKeys + 2;
  for (let round = 0; round < rounds; round += 1) {
    const { events } = await world.deliverPush(world.signed(supply, world.address));
    expect(events).toMatchObject([{ type: 'pre-keys-supplied', count: limits.oneTimePreKeys }]);
  }
  expect((await world.client.status()).oneTimePreKeys).toBe(limits.oneTimePreKeysKept);
  await world.close();
}, 60_000);
