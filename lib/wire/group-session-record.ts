/**
 * The stored form of one chain of a group: import and export. Spec: wire.md §5 (GroupSession), group.md §1.
 *
 * The specification keeps one record per sender; ours keep an epoch with all chains. A record has the chain's newest position only: not the
 * generation it stands in, earlier positions, or keys kept for late messages.
 */
import type { DeviceAddress } from '../base/address.js';
import type { SessionId } from '../base/brand.js';
import { equalBytes } from '../base/bytes.js';
import { DecodeError } from '../base/errors.js';
import { limits } from '../base/limits.js';
import type { Secret } from '../base/secret.js';
import type { CipherSuite } from '../crypto/cipher-suite.js';
import { chainAssociatedData, groupSeedLength } from '../group/key-update.js';
import type { GroupInfo } from '../group/membership.js';
import { Unfinished } from '../ratchet/unfinished.js';
import { readDevice, toAddress } from './address.js';
import { decodeMessage, encodeMessage } from './codec.js';
import { type Maybe, optionalSessionId, protocolVersion, requiredText, secret, suite } from './field.js';
import { e2ees } from './generated/e2ees.js';
import { readGroupInfo, toGroup } from './group.js';

/** What the record of one sender's chain says. */
export interface GroupSessionRecord {
  readonly suite: CipherSuite;
  /** `undefined` until the keys of the epoch have come. */
  readonly sessionId: SessionId | undefined;
  /** Whose messages the chain seals. */
  readonly sender: DeviceAddress;
  /** The device that keeps the record; the same as `sender` for what it sends itself. */
  readonly owner: DeviceAddress;
  readonly group: GroupInfo;
  /** Number of the next message key. */
  readonly sequence: number;
  /** Of the length of the digest of the suite's hash; `undefined` while half of the record is missing. */
  readonly chainKey: Secret<'ChainKey'> | undefined;
  /** 32 bytes; only until the list of devices has come. */
  readonly seed: Secret<'GroupSeed'> | undefined;
  /** The sender's; `undefined` until the list of devices has come. */
  readonly signingKey: Uint8Array | undefined;
}

/** Encodes a `GroupSession` in memory fit for secrets. The caller wipes it. */
export function encodeGroupSessionRecord(record: GroupSessionRecord): Uint8Array {
  const { signingKey } = record;
  return encodeMessage(e2ees.GroupSession, {
    version: protocolVersion,
    e2eesPackId: record.suite.packId,
    sessionId: record.sessionId ?? null,
    sender: toAddress(record.sender),
    sessionOwner: toAddress(record.owner),
    groupInfo: toGroup(record.group),
    sequence: record.sequence,
    chainKey: record.chainKey?.expose() ?? null,
    groupSeed: record.seed?.expose() ?? null,
    associatedData: signingKey === undefined ? null : chainAssociatedData(signingKey),
  });
}

/**
 * Decodes a `GroupSession`; its secrets are the caller's. Throws `DecodeError`, `malformed` also for keys of another length and for associated
 * data that is not a key twice, and then has wiped what it had made.
 */
export function decodeGroupSessionRecord(encoded: Uint8Array, maxLength: number = limits.frameLength): GroupSessionRecord {
  const found = decodeMessage(e2ees.GroupSession, encoded, maxLength);
  using secrets = new Unfinished();
  requiredText(found.version, 'version');
  const used = suite(found.e2eesPackId, 'e2ees_pack_id');
  const record = {
    suite: used,
    sessionId: optionalSessionId(found.sessionId, 'session_id'),
    sender: readDevice(found.sender, 'sender'),
    owner: readDevice(found.sessionOwner, 'session_owner'),
    group: readGroupInfo(found.groupInfo, 'group_info'),
    sequence: found.sequence,
    signingKey: readSigningKey(found.associatedData),
    chainKey: optionalSecret<'ChainKey'>(found.chainKey, 'chain_key', used.hash.digestLength, secrets),
    seed: optionalSecret<'GroupSeed'>(found.groupSeed, 'group_seed', groupSeedLength, secrets),
  };
  secrets.finish();
  return record;
}

/** Half of `sign_pk || sign_pk`. Spec: crypto.md §5. */
function readSigningKey(associatedData: Uint8Array): Uint8Array | undefined {
  if (associatedData.length === 0) return undefined;
  const half = associatedData.slice(0, associatedData.length >>> 1);
  if (equalBytes(chainAssociatedData(half), associatedData)) return half;
  throw new DecodeError('malformed', 'associated_data is not a signing key twice');
}

function optionalSecret<Kind extends string>(
  value: Maybe<Uint8Array>,
  field: string,
  length: number,
  secrets: Unfinished,
): Secret<Kind> | undefined {
  if (value === null || value === undefined || value.length === 0) return undefined;
  if (value.length !== length) throw new DecodeError('malformed', `${field} has ${value.length} bytes, ${length} expected`);
  return secrets.own(secret<Kind>(value, field));
}
