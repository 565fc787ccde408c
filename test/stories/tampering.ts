/** What an adversary that is the relay does to what it carries: one row per trick, with the events that tell of it. */
import { type DeviceAddress, sameDevice } from '../../lib/base/address.js';
import { asSessionId } from '../../lib/base/brand.js';
import { randomId } from '../../lib/base/random.js';
import type { ClientEventType } from '../../lib/index.js';
import { groupRoles } from '../../lib/wire/group.js';
import type { Envelope } from '../../lib/wire/message.js';
import type { PushPayload } from '../../lib/wire/push.js';
import type { Dice } from './dice.js';
import { seededRandom } from './jobs.js';
import { domain } from './relay-host.js';

/** What a trick works with. */
export interface Surroundings {
  readonly dice: Dice;
  /** Who gets the push. */
  readonly receiver: DeviceAddress;
  /** All devices of the world. */
  readonly devices: readonly DeviceAddress[];
  /** A signing key of the adversary's, of the right length. */
  readonly signingKey: Uint8Array;
  /** Payloads that were carried before, to the same device. */
  readonly earlier: readonly PushPayload[];
}

/** One trick. */
export interface Trick {
  readonly name: string;
  /** One of these tells the receiver; none for tricks that nothing can tell of, as long as nothing is wrong. */
  readonly tells: readonly ClientEventType[];
  /** What is carried instead of `payload`, in this order; `undefined`: the trick is not for this payload. */
  readonly play: (payload: PushPayload, surroundings: Surroundings) => readonly PushPayload[] | undefined;
  /** The relay's signature is not made for what is carried. */
  readonly isUnsigned?: boolean;
}

const mallory: DeviceAddress = { domain, userId: 'mallory', deviceId: 'device-0' };

const unreadable: readonly ClientEventType[] = ['undecryptable', 'group-message-held'];
const suspicious: readonly ClientEventType[] = [
  'group-change-refused',
  'identity-changed',
  'group-created',
  'group-members-added',
  'group-device-added',
];

function altered(alter: (envelope: Envelope, surroundings: Surroundings) => Envelope | undefined): Trick['play'] {
  return (payload, surroundings) => {
    if (payload.kind !== 'message' || surroundings.dice.below(2) === 0) return undefined;
    const value = alter(payload.value, surroundings);
    return value === undefined ? undefined : [{ kind: 'message', value }];
  };
}

function withPayload(envelope: Envelope, change: (bytes: Uint8Array) => Uint8Array, step: number): Envelope {
  const { payload } = envelope;
  if (payload.kind === 'group') {
    const { message } = payload;
    return {
      ...envelope,
      payload: { kind: 'group', message: { ...message, sequence: message.sequence + step, ciphertext: change(message.ciphertext) } },
    };
  }
  const { message } = payload;
  const { sequence, ciphertext } = message;
  return {
    ...envelope,
    payload: { kind: 'one-to-one', message: { ...message, sequence: sequence + step, ciphertext: change(ciphertext) } },
  };
}

function flipped(bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  copy[0] = (copy[0] ?? 0) ^ 1;
  return copy;
}

/** Every trick that is played on pushes. */
export const tricks: readonly Trick[] = [
  { name: 'drop', tells: [], play: (payload, { dice }) => (payload.kind === 'message' && dice.below(3) === 0 ? [] : undefined) },
  { name: 'duplicate', tells: [], play: (payload, { dice }) => (dice.below(3) === 0 ? [payload, payload] : undefined) },
  {
    name: 'replay',
    tells: unreadable,
    play: (payload, { dice, earlier }) => {
      const old = earlier.filter(({ kind }) => kind === 'message');
      return old.length === 0 || dice.below(2) === 0 ? undefined : [payload, old[dice.below(old.length)]!];
    },
  },
  {
    name: 'replay of changes',
    tells: suspicious,
    play: (payload, { dice, earlier }) => {
      const old = earlier.filter(({ kind }) => kind === 'create-group' || kind === 'add-group-members');
      return old.length === 0 || dice.below(2) === 0 ? undefined : [payload, old[dice.below(old.length)]!];
    },
  },
  {
    name: 'another sender',
    tells: unreadable,
    play: altered((envelope, { devices, receiver, dice }) => {
      const others = devices.filter((device) => !sameDevice(device, envelope.from) && !sameDevice(device, receiver));
      const from = others[dice.below(others.length)];
      return from === undefined ? undefined : { ...envelope, from };
    }),
  },
  {
    name: 'another session',
    tells: unreadable,
    play: altered((envelope, { earlier, dice }) => {
      const others = earlier.flatMap((old) =>
        old.kind === 'message' && old.value.sessionId !== envelope.sessionId ? [old.value.sessionId] : [],
      );
      const unknown = asSessionId(randomId(seededRandom('unknown session')));
      return { ...envelope, sessionId: others[dice.below(others.length + 1)] ?? unknown };
    }),
  },
  {
    name: 'another counter',
    tells: unreadable,
    play: altered((envelope, { dice }) => withPayload(envelope, (bytes) => bytes, 1 + dice.below(40))),
  },
  { name: 'another ciphertext', tells: unreadable, play: altered((envelope) => withPayload(envelope, flipped, 0)) },
  {
    name: 'another group',
    tells: unreadable,
    play: altered((envelope) =>
      'groupId' in envelope.to ? { ...envelope, to: { ...envelope.to, groupId: randomId(seededRandom('group')) } } : undefined,
    ),
  },
  {
    name: 'a member more',
    tells: suspicious,
    play: (payload, { signingKey }) => {
      const member = { domain, userId: mallory.userId, role: groupRoles.member };
      const device = { address: mallory, signingKey };
      if (payload.kind === 'create-group') {
        const { group, devices } = payload.value;
        const value = { ...payload.value, group: { ...group, members: [...group.members, member] }, devices: [...devices, device] };
        return [{ kind: 'create-group', value }];
      }
      if (payload.kind !== 'add-group-members') return undefined;
      const { group, addingMembers, addingDevices } = payload.value;
      return [
        {
          kind: 'add-group-members',
          value: {
            ...payload.value,
            group: { ...group, members: [...group.members, member] },
            addingMembers: [...addingMembers, member],
            addingDevices: [...addingDevices, device],
          },
        },
      ];
    },
  },
  {
    name: 'another signing key',
    tells: suspicious,
    play: (payload, { signingKey, receiver }) => {
      if (payload.kind !== 'create-group') return undefined;
      const { devices } = payload.value;
      const position = devices.findIndex(({ address }) => !sameDevice(address, receiver));
      return [
        {
          kind: 'create-group',
          value: { ...payload.value, devices: devices.map((each, index) => (index === position ? { ...each, signingKey } : each)) },
        },
      ];
    },
  },
  {
    name: 'a device out of nothing',
    tells: ['device-added', 'undecryptable'],
    play: (payload, { devices, dice, receiver }) => {
      const others = devices.filter(({ userId }) => userId !== receiver.userId);
      const victim = others[dice.below(others.length)];
      if (victim === undefined || dice.below(3) !== 0) return undefined;
      return [payload, { kind: 'add-user-device', value: { device: { ...victim, deviceId: 'ghost' }, oldDevices: [victim] } }];
    },
  },
  {
    name: 'a device more in a group',
    tells: suspicious,
    play: (payload, { signingKey, dice, earlier, receiver }) => {
      const made = earlier.findLast((old) => old.kind === 'create-group');
      if (made?.kind !== 'create-group' || dice.below(2) === 0) return undefined;
      const { suite, sender, group } = made.value;
      if (sameDevice(sender, receiver)) return undefined;
      const addingDevice = { address: { ...sender, deviceId: 'ghost' }, signingKey };
      return [payload, { kind: 'add-group-member-device', value: { suite, sender, sequence: 0, group, addingDevice } }];
    },
  },
  {
    name: 'no signature',
    tells: ['bad-server-signature'],
    isUnsigned: true,
    play: (payload) =>
      payload.kind === 'create-group' || payload.kind === 'add-group-members' || payload.kind === 'invite' ? [payload] : undefined,
  },
];
