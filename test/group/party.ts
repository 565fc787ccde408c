/** One device of a group that does what a client does: takes changes over, wipes what is retired, keeps what has come too early. */
import { type DeviceAddress, deviceKey } from '../../lib/base/address.js';
import type { SessionId } from '../../lib/base/brand.js';
import { toHex } from '../../lib/base/bytes.js';
import { E2eeError, ProtocolError, UsageError } from '../../lib/base/errors.js';
import { Secret, type Wipeable, wipeAll } from '../../lib/base/secret.js';
import { walkChain } from '../../lib/crypto/chain.js';
import type { CipherSuite } from '../../lib/crypto/cipher-suite.js';
import type { SigningKeyPair } from '../../lib/crypto/key-pair.js';
import { type Epoch, chainOf, sendingChain, withChain } from '../../lib/group/epoch.js';
import type { AddGroupMemberDevice, AddGroupMembers, CreateGroup, RemoveGroupMembers } from '../../lib/group/group-change.js';
import { firstPosition } from '../../lib/group/first-position.js';
import { type GroupMessage, isSignedBy, openGroupMessage, sealGroupMessages } from '../../lib/group/group-message.js';
import { type Group, type GroupChange, type Self, currentEpoch, epochOf } from '../../lib/group/group.js';
import { type BundleOutcome, carriedOut, takeChain, takeSeed } from '../../lib/group/key-bundle.js';
import { type OwnEpoch, addedDevices, announcedGroup, openEpoch, removedMembers } from '../../lib/group/transition.js';
import type { MemberChain } from '../../lib/group/member-chain.js';
import { SkippedMessageKeys } from '../../lib/ratchet/skipped-message-keys.js';
import { decodeContent, encodeContent } from '../../lib/wire/message.js';
import type { Run } from '../support/seeded-jobs.js';

/** A bundle on its way: an encoded `Plaintext`. */
export interface PostedBundle {
  readonly from: DeviceAddress;
  readonly to: DeviceAddress;
  readonly content: Uint8Array;
}

/** A message on its way. */
export interface PostedMessage {
  readonly from: DeviceAddress;
  readonly sessionId: SessionId;
  readonly message: GroupMessage;
}

/** Whether a bundle is to be tried again. */
function waits(kind: BundleOutcome['kind']): boolean {
  return kind === 'later' || kind === 'announced';
}

/** What a message was sealed with. */
export type OnSealed = (chainKey: string) => void;

/** Everything of a value as comparable text; secrets in hexadecimal. */
export function snapshot(value: unknown): unknown {
  if (value instanceof Secret) return toHex(value.expose());
  if (value instanceof Uint8Array) return toHex(value);
  if (value instanceof SkippedMessageKeys) return Array.from(value.entries(), (entry) => snapshot(entry));
  if (value instanceof Map) return Array.from(value, ([key, inner]: readonly [unknown, unknown]) => [key, snapshot(inner)]);
  if (Array.isArray(value)) return Array.from(value, (inner: unknown) => snapshot(inner));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, snapshot(inner)]));
}

/** The chain keys of a group. */
export function secretsOf(group: Group | undefined): Set<Wipeable> {
  const chains = (group?.epochs ?? []).flatMap((epoch) => [...epoch.chains.values()]);
  return new Set(chains.flatMap(({ positions }) => positions.map(({ chainKey }) => chainKey.key)));
}

/** Fails unless what is new is among `created`, what has gone among `retired`, and nothing in use is retired. */
function checkAccountedFor(before: Group | undefined, { group, retired, created }: GroupChange): void {
  const [old, now] = [secretsOf(before), secretsOf(group)];
  for (const secret of now)
    if (!old.has(secret) && !created.includes(secret)) throw new Error('a new secret is not among the created ones');
  for (const secret of old) if (!now.has(secret) && !retired.includes(secret)) throw new Error('a secret that has gone is not retired');
  if (retired.some((secret) => now.has(secret))) throw new Error('a secret in use is retired');
  if (created.some((secret) => old.has(secret))) throw new Error('an old secret is among the created ones');
}

/** A device with its state. */
export class Party {
  readonly self: Self;
  readonly suite: CipherSuite;
  group: Group | undefined;
  readonly skipped = new Map<string, SkippedMessageKeys>();
  /** Bundles and messages that nothing has announced yet, in the order in which they came. */
  readonly waitingBundles: PostedBundle[] = [];
  readonly waitingMessages: PostedMessage[] = [];
  /** Plaintexts of messages that had to wait. */
  readonly readLater: { readonly posted: PostedMessage; readonly plaintext: Uint8Array }[] = [];
  onSealed: OnSealed | undefined;
  readonly #signing: SigningKeyPair;
  readonly #run: Run;

  constructor(suite: CipherSuite, address: DeviceAddress, signing: SigningKeyPair, run: Run) {
    this.suite = suite;
    this.self = { address, signingKey: signing.publicKey };
    this.#signing = signing;
    this.#run = run;
  }

  /** The current epoch. */
  get epoch(): Epoch {
    const epoch = this.group === undefined ? undefined : currentEpoch(this.group);
    if (epoch === undefined) throw new UsageError('no-group', 'the device is in no group');
    return epoch;
  }

  /** Our create or removal was accepted. The seed is wiped. */
  open(own: OwnEpoch): PostedBundle[] {
    const bundles = this.#take(() => this.#run(openEpoch(this.self, own, this.group)));
    own.seed.wipe();
    return [...bundles, ...this.retry()];
  }

  announced(created: CreateGroup): PostedBundle[] {
    return [...this.#take(() => announcedGroup(this.self, this.group, created)), ...this.retry()];
  }

  added(added: AddGroupMembers | AddGroupMemberDevice): PostedBundle[] {
    return [...this.#take(() => this.#run(addedDevices(this.self, this.group, added))), ...this.retry()];
  }

  removed(removed: RemoveGroupMembers): PostedBundle[] {
    const before = this.group;
    if (before === undefined) throw new ProtocolError('unknown-group', 'the group is not known');
    if (removedMembers(this.self, before, removed) === undefined) {
      wipeAll(secretsOf(before));
      this.group = undefined;
      return [];
    }
    return [...this.#take(() => removedMembers(this.self, before, removed) ?? unexpected()), ...this.retry()];
  }

  /** Takes any other transition over. */
  change(transition: (self: Self, group: Group) => GroupChange): PostedBundle[] {
    const before = this.group;
    if (before === undefined) throw new ProtocolError('unknown-group', 'the group is not known');
    return this.#take(() => transition(this.self, before));
  }

  /** Gives what a bundle leads to; one that comes too early is kept. */
  bundle(posted: PostedBundle): { readonly kind: BundleOutcome['kind']; readonly bundles: readonly PostedBundle[] } {
    const taken = this.#bundle(posted);
    if (waits(taken.kind)) this.waitingBundles.push(posted);
    return taken.kind === 'taken' ? { ...taken, bundles: [...taken.bundles, ...this.retry()] } : taken;
  }

  /** Seals one message with the current epoch; `fromStand`: like the reference, which leaves no position out. */
  send(plaintext: Uint8Array, fromStand = false): PostedMessage {
    const { epoch } = this;
    const chain = sendingChain(epoch, this.self.address);
    if (chain === undefined || epoch.sessionId === undefined) throw new UsageError('no-keys', 'the keys of the group have not come');
    const first = fromStand ? 0 : this.#run(firstPosition(epoch, this.self.address));
    const sealed = this.#run(sealGroupMessages(this.suite, chain, this.#signing.privateKey, [plaintext], first));
    this.#reportKey(chain, sealed.messages[0]?.sequence ?? 0);
    this.#replace(epoch, withChain(epoch, sealed.chain));
    wipeAll(sealed.retired);
    const [message] = sealed.messages;
    if (message === undefined) throw new Error('nothing was sealed');
    return { from: this.self.address, sessionId: epoch.sessionId, message };
  }

  /** Takes a message: what is opened at once or later stands in {@link readLater}. */
  receiveOrDrop(posted: PostedMessage): void {
    this.#tryAgain(posted);
  }

  /** Opens a message or throws; nothing is kept for later. */
  receiveNow({ from, sessionId, message }: PostedMessage): Uint8Array {
    const epoch = this.group === undefined ? undefined : epochOf(this.group, sessionId);
    const chain = epoch === undefined ? undefined : chainOf(epoch, from);
    if (epoch === undefined || chain === undefined) throw new ProtocolError('unknown-chain', 'the message is of no known chain');
    if (!this.#run(isSignedBy(this.suite, chain.signingKey, message))) throw new ProtocolError('bad-signature', 'the signature is wrong');
    const skipped = this.skippedOf(epoch, from);
    const opened = this.#run(openGroupMessage(chain, epoch.generation, skipped, message));
    this.#replace(epoch, withChain(epoch, opened.chain));
    skipped.apply(opened.skippedChange);
    wipeAll(opened.retired);
    return opened.plaintext;
  }

  /** The keys kept for late messages of `from` in `epoch`. */
  skippedOf(epoch: Epoch, from: DeviceAddress): SkippedMessageKeys {
    const name = `${epoch.number} ${deviceKey(from)}`;
    const kept = this.skipped.get(name) ?? new SkippedMessageKeys();
    this.skipped.set(name, kept);
    return kept;
  }

  /** Tries again what waits, then carries out adds that were held, until nothing moves. */
  retry(): PostedBundle[] {
    const bundles: PostedBundle[] = [];
    for (;;) {
      let moved = false;
      for (const posted of this.waitingBundles.splice(0)) {
        const outcome = this.#bundle(posted);
        if (waits(outcome.kind)) this.waitingBundles.push(posted);
        else moved = true;
        bundles.push(...outcome.bundles);
      }
      for (const posted of this.waitingMessages.splice(0)) this.#tryAgain(posted);
      const { group } = this;
      const more = group === undefined ? undefined : this.#run(carriedOut(this.self, group));
      if (more !== undefined) bundles.push(...this.#takeOver(group, more));
      if (!moved && more === undefined) return bundles;
    }
  }

  /** All state as comparable values. */
  snapshot(): unknown {
    return snapshot([this.group, [...this.skipped].filter(([, { size }]) => size > 0)]);
  }

  #reportKey({ positions }: MemberChain, sequence: number): void {
    const stand = positions.at(-1)?.chainKey;
    if (stand === undefined || this.onSealed === undefined) return;
    this.onSealed(toHex(walkChain(stand.key, sequence - stand.index).expose()));
  }

  #tryAgain(posted: PostedMessage): void {
    try {
      const plaintext = this.#receive(posted);
      if (plaintext === undefined) this.waitingMessages.push(posted);
      else this.readLater.push({ posted, plaintext });
    } catch (error) {
      // What was sealed before this device came into the group looks like one that was opened.
      if (!(error instanceof ProtocolError) || error.code !== 'duplicate') throw error;
    }
  }

  #receive(posted: PostedMessage): Uint8Array | undefined {
    try {
      return this.receiveNow(posted);
    } catch (error) {
      if (error instanceof E2eeError && (error.code === 'unknown-chain' || error.code === 'not-authentic')) return undefined;
      throw error;
    }
  }

  #bundle({ from, content }: PostedBundle): { readonly kind: BundleOutcome['kind']; readonly bundles: PostedBundle[] } {
    const decoded = decodeContent(content);
    if (decoded.kind === 'group-pre-key-bundle') {
      const { bundle } = decoded;
      const take = () => this.#run(takeSeed(this.self, this.group, from, bundle, 'hold'));
      return this.#outcome(take, bundle.seed);
    }
    if (decoded.kind === 'group-update-key-bundle') {
      const { bundle } = decoded;
      const take = () => this.#run(takeChain(this.self, this.group, from, bundle, 'hold'));
      return this.#outcome(take, bundle.chainKey);
    }
    throw new Error('the content is no bundle of group keys');
  }

  #outcome(take: () => BundleOutcome, secret: Wipeable): { readonly kind: BundleOutcome['kind']; readonly bundles: PostedBundle[] } {
    const before = this.group;
    try {
      const rehearsed = take();
      if (rehearsed.kind !== 'taken') return { kind: rehearsed.kind, bundles: [] };
      this.#refuse(before, rehearsed.change);
      const outcome = take();
      return { kind: outcome.kind, bundles: outcome.kind === 'taken' ? this.#takeOver(before, outcome.change) : [] };
    } finally {
      secret.wipe();
    }
  }

  /** Rehearses the transition as if the store had refused it, then takes it over. */
  #take(transition: () => GroupChange): PostedBundle[] {
    const before = this.group;
    this.#refuse(before, transition());
    return this.#takeOver(before, transition());
  }

  #refuse(before: Group | undefined, change: GroupChange): void {
    checkAccountedFor(before, change);
    const state = JSON.stringify(snapshot(before));
    wipeAll(change.created);
    if (JSON.stringify(snapshot(before)) !== state) throw new Error('a refused transition has changed the old state');
  }

  #takeOver(before: Group | undefined, change: GroupChange): PostedBundle[] {
    checkAccountedFor(before, change);
    this.group = change.group;
    const bundles = change.keys.flatMap((keys) =>
      keys.devices.map((to) => ({ from: this.self.address, to, content: encodeContent(keys) })),
    );
    for (const keys of change.keys) if (keys.kind === 'group-update-key-bundle') keys.bundle.chainKey.wipe();
    wipeAll(change.retired);
    return bundles;
  }

  #replace(old: Epoch, epoch: Epoch): void {
    if (this.group === undefined) throw new Error('there is no group');
    this.group = { ...this.group, epochs: this.group.epochs.map((known) => (known.number === old.number ? epoch : known)) };
  }
}

function unexpected(): never {
  throw new Error('the outcome has changed');
}
