/** A relay with users and a group, made anew from the same seed after so many inputs. */
import type { GroupAddress } from '../../lib/base/address.js';
import { suiteByName } from '../../lib/crypto/cipher-suite.js';
import { groupRoles } from '../../lib/wire/group.js';
import { expectOk } from '../server/relay-fixture.js';
import { RelayWorld } from '../mutation/relay-world.js';

/** Inputs for one relay. */
const perWorld = 500;
/** Rows of a world that has grown too far to be looked through after every input. */
const mostRows = 600;

/** More message ids than the good inputs have. */
const usedIds = 100;

/** A relay's world, and the group of Alice and Bob. */
export interface RelayBench {
  readonly world: RelayWorld;
  readonly group: GroupAddress;
}

/** A new bench. */
export async function openRelayBench(): Promise<RelayBench> {
  const world = await RelayWorld.create('fuzz', suiteByName('curve25519'));
  const { alice, bob } = world;
  const { suite } = alice.account;
  const members = [alice, bob].map(({ address: { domain, userId } }) => ({
    domain,
    userId,
    role: userId === 'alice' ? groupRoles.manager : groupRoles.member,
  }));
  await alice.connect(world.fixture.network.transport);
  const request = { suite, sender: alice.address, group: { name: 'club', address: undefined, members }, devices: [] };
  const { group } = expectOk(await alice.request('create_group', request));
  await alice.connection?.close();
  await world.bobConsumes();
  return { world, group };
}

/** Benches one after another. */
export class RelayBenches {
  #current: RelayBench | undefined;
  #used = 0;

  /** The bench for the next input. */
  async next(): Promise<RelayBench> {
    if (this.#used >= perWorld || (this.#current?.world.rows ?? 0) > mostRows) await this.renew();
    this.#used += 1;
    this.#current ??= await openRelayBench();
    this.#current.world.changes();
    return this.#current;
  }

  /** Ends the current bench; everything must still work. */
  async renew(): Promise<void> {
    const bench = this.#current;
    this.#current = undefined;
    this.#used = 0;
    if (bench === undefined) return;
    const { alice, bob } = bench.world;
    // Message ids come from a seed: those of good inputs were sent before, and what has come is not passed on again.
    for (let used = 0; used < usedIds; used += 1) alice.envelope(bob.address, '');
    try {
      await bench.world.proveHealth();
    } finally {
      await bench.world.close();
    }
  }
}
