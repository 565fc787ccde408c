/** `@matrix-org/olm`: the double ratchet and group ratchet of Matrix, over Curve25519 only, in WebAssembly. Texts of 64 characters. */
import Olm from '@matrix-org/olm';
import type { Peer } from '../measure.js';
import { packagePeer } from './peer.js';

const plaintext = 'a'.repeat(64);

interface Pair {
  readonly alice: Olm.Session;
  readonly bob: Olm.Session;
}

function peer(once: () => unknown): Peer {
  return packagePeer('@matrix-org/olm', once);
}

function newAccount(): Olm.Account {
  const account = new Olm.Account();
  account.create();
  return account;
}

function identityKeyOf(account: Olm.Account): string {
  return (JSON.parse(account.identity_keys()) as { readonly curve25519: string }).curve25519;
}

/** Makes sessions between the same two accounts. Bob's one-time key is used again and again. */
async function establishing(): Promise<() => Pair> {
  await Olm.init();
  const [alice, bob] = [newAccount(), newAccount()];
  const [aliceKey, bobKey] = [identityKeyOf(alice), identityKeyOf(bob)];
  bob.generate_one_time_keys(1);
  const [oneTimeKey] = Object.values((JSON.parse(bob.one_time_keys()) as { readonly curve25519: Record<string, string> }).curve25519);
  if (oneTimeKey === undefined) throw new Error('the account has no one-time key');
  return () => {
    const pair = { alice: new Olm.Session(), bob: new Olm.Session() };
    pair.alice.create_outbound(alice, bobKey, oneTimeKey);
    const first = pair.alice.encrypt(plaintext);
    pair.bob.create_inbound_from(bob, aliceKey, first.body);
    pair.bob.decrypt(first.type, first.body);
    return pair;
  };
}

function deliver(from: Olm.Session, to: Olm.Session): void {
  const { type, body } = from.encrypt(plaintext);
  if (to.decrypt(type, body) !== plaintext) throw new Error('the plaintext has changed on its way');
}

/** A session on both sides, with its first message. */
export async function olmHandshake(): Promise<Peer> {
  const establish = await establishing();
  return peer(() => {
    const { alice, bob } = establish();
    alice.free();
    bob.free();
  });
}

/** A message one way, without a ratchet step. */
export async function olmRoundtrip(): Promise<Peer> {
  const { alice, bob } = (await establishing())();
  deliver(bob, alice);
  return peer(() => {
    deliver(alice, bob);
  });
}

/** A message that answers the one before: a ratchet step each. */
export async function olmPingpong(): Promise<Peer> {
  const { alice, bob } = (await establishing())();
  let isAliceNext = false;
  return peer(() => {
    if (isAliceNext) deliver(alice, bob);
    else deliver(bob, alice);
    isAliceNext = !isAliceNext;
  });
}

/** A group message sealed once and opened by `receivers` devices, each with a session of its own. */
export async function olmGroup(receivers: number): Promise<Peer> {
  await Olm.init();
  const outbound = new Olm.OutboundGroupSession();
  outbound.create();
  const inbound = Array.from({ length: receivers }, () => {
    const session = new Olm.InboundGroupSession();
    session.create(outbound.session_key());
    return session;
  });
  return peer(() => {
    const message = outbound.encrypt(plaintext);
    for (const session of inbound) {
      if (session.decrypt(message).plaintext !== plaintext) throw new Error('the plaintext has changed on its way');
    }
  });
}
