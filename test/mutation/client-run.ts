/** Runs mutations against a client and sees to it that the client is as good as before afterwards. */
import { encodeContent } from '../../lib/wire/message.js';
import type { CipherSuite } from '../../lib/crypto/cipher-suite.js';
import {
  type Mutation,
  damagedFrame,
  damagedPush,
  damagedRatchetPart,
  earlyMessage,
  editedEnvelope,
  groupMessage,
  replayedMessage,
  sealedContent,
} from './client-mutants.js';
import { judgeClient } from './client-oracle.js';
import { ClientWorld } from './client-world.js';
import {
  damagedControl,
  damagedNotice,
  foreignFrame,
  malformedDevice,
  malformedInvite,
  misaddressedPush,
  noisePayload,
  refusedAccept,
  refusedInvite,
  replayedPush,
  strangeSessionId,
  wrongSignature,
} from './control-mutants.js';
import type { Tally } from './report.js';

/** How often each is made, in a hundred or so. */
const mutations: readonly (readonly [number, Mutation])[] = [
  [5, damagedFrame],
  [3, foreignFrame],
  [10, damagedPush],
  [14, damagedRatchetPart],
  [28, editedEnvelope],
  [2, groupMessage],
  [1, earlyMessage],
  [4, replayedMessage],
  [16, sealedContent],
  [6, damagedControl],
  [3, wrongSignature],
  [1, misaddressedPush],
  [4, refusedInvite],
  [1, malformedInvite],
  [1, strangeSessionId],
  [6, refusedAccept],
  [2, damagedNotice],
  [1, noisePayload],
  [1, malformedDevice],
  [1, replayedPush],
];

/** Runs `count` mutations from `seed`. Harm that one of them does is noted in the tally. */
export async function runClientMutations(seed: string, suite: CipherSuite, count: number, tally: Tally): Promise<void> {
  const world = await ClientWorld.create(seed, suite);
  try {
    for (let number = 0; number < count; number += 1) {
      const mutant = await world.dice.weighted(mutations)(world);
      world.changes();
      const seen = await world.deliver(mutant.frame);
      tally.judge(`${seed}, mutation ${number}`, mutant.group, () => judgeClient(world, mutant, seen));
      if (mutant.base !== undefined && (mutant.sealed === true || seen.received.length > 0)) await world.wasTaken(mutant.base);
    }
    await proveHealth(world, seed);
  } finally {
    await world.close();
  }
}

/** Every session still works, the invite still waits for its answer, and nothing is left undone. */
async function proveHealth(world: ClientWorld, seed: string): Promise<void> {
  for (const peer of world.peers) await world.deliverGood(world.next(peer, encodeContent(world.text())));
  const seen = await world.deliverPush(world.signed({ kind: 'accept', value: world.answer }, world.carol.address));
  if (!seen.events.some(({ type }) => type === 'session-ready')) throw new Error(`${seed}: the invited session could not be completed`);
  await world.deliverGood(world.next(world.carol, encodeContent(world.text())));
  const status = await world.client.status();
  if (status.unconsumedPushes !== 0 || status.refused !== 0 || status.inbox !== 0 || status.pending !== 0) {
    throw new Error(`${seed}: the client has not come to rest: ${JSON.stringify(status)}`);
  }
  if (status.sessions.ready !== 4 || status.sessions.invited !== 0)
    throw new Error(`${seed}: the client has other sessions than it should`);
}
