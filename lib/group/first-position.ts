/**
 * Where a device may begin to send, and to add others, so that no key seals messages of two devices. Spec: group.md §4 (chains after an add).
 *
 * The inviter goes on from `ADD(w_k)`, where `w_k` is the chain of the last device it added. That device, when it has sent nothing until the
 * next add, comes to `ADD(w_k)` as well: it would use key and IV of what the inviter has sealed between the two adds (weaknesses P16, I1).
 * The chains part for good with the first message that the added device seals elsewhere, so it leaves out the positions the inviter used.
 *
 * Both would also add the same devices' chains, and come to the same key of their own behind them, if both added somebody from that key. So
 * nobody adds from a key as an add has made it: the first position of the chain is left out, and everything made by an add is nobody else's.
 */
import { type DeviceAddress, sameDevice } from '../base/address.js';
import { equalBytes } from '../base/bytes.js';
import { limits } from '../base/limits.js';
import type { Computation } from '../crypto/job.js';
import { walk } from '../ratchet/chain-key.js';
import { type Epoch, chainOf, sendingChain } from './epoch.js';
import { newestPosition, positionIn } from './member-chain.js';

/**
 * The first position of the own chain that may seal a message: nearly always where it stands. Otherwise it lies behind all that the inviter
 * is known to have sent with the same keys, and `limits.groupMessagesOnTheirWay` more. For `sealGroupMessages`; 0 while there are no keys.
 */
export function* firstPosition(epoch: Epoch, me: DeviceAddress): Computation<number> {
  const own = sendingChain(epoch, me);
  const stand = own === undefined ? undefined : newestPosition(own);
  if (stand === undefined) return 0;
  const { joinedBy } = epoch;
  const { key, index } = stand.chainKey;
  const last = joinedBy?.devices.at(-1);
  if (joinedBy === undefined || last === undefined || index > 0 || stand.generation < 2 || !sameDevice(last.address, me)) return index;
  const inviter = chainOf(epoch, joinedBy.inviter);
  const theirs = inviter === undefined ? undefined : positionIn(inviter, stand.generation - 1);
  // Who is gone has sent something perhaps.
  if (theirs === undefined) return limits.groupMessagesOnTheirWay;
  using theirKey = theirs.chainKey.key;
  if (theirs.chainKey.index > limits.forwardWalk) return index;
  using reached = yield* walk(key, theirs.chainKey.index);
  return equalBytes(reached.expose(), theirKey.expose()) ? theirs.chainKey.index + limits.groupMessagesOnTheirWay : index;
}

/**
 * The position of the own chain that devices may be added from: where it stands, when something was sent since the last add. `undefined` while
 * there are no keys.
 */
export function* addingPosition(epoch: Epoch, me: DeviceAddress): Computation<number | undefined> {
  const own = epoch.sessionId === undefined ? undefined : sendingChain(epoch, me);
  const stand = own === undefined ? undefined : newestPosition(own);
  if (stand === undefined || stand.chainKey.index > 0) return stand?.chainKey.index;
  // The chains that a seed begins differ.
  if (stand.generation === 0) return 0;
  return (yield* firstPosition(epoch, me)) + 1;
}
