/** A relay, or a network, that does what it should not: it keeps, changes, repeats and invents what it says to one device. */
import { randomId } from '../../lib/base/random.js';
import type { Transport } from '../../lib/transport/transport.js';
import type { RatchetMessage } from '../../lib/ratchet/ratchet.js';
import type { GroupMessage } from '../../lib/wire/group.js';
import type { Envelope } from '../../lib/wire/message.js';
import {
  type PushKind,
  type PushPayload,
  type ReceivedPush,
  decodePayload,
  decodePush,
  encodePayload,
  encodePush,
} from '../../lib/wire/push.js';
import type { RequestName } from '../../lib/wire/request.js';
import { seededRandom } from '../server/relay-fixture.js';
import { type Device, type DeviceOptions, type World, until } from '../support/scenario.js';

const ids = seededRandom('ids of invented pushes');

/** The same push under an id that has not been seen. */
export function renamed(push: Uint8Array): Uint8Array {
  const decoded = decodePush(push);
  return encodePush({ ...decoded, tag: { time: decoded.tag?.time ?? 1, id: randomId(ids) } });
}

/** The push with another payload, under another id. The relay's signatures are as they were. */
export function withPayload(push: Uint8Array, change: (payload: PushPayload) => PushPayload): Uint8Array {
  const decoded = decodePush(push);
  const payload = decodePayload(decoded.payload);
  if (payload === undefined) throw new Error('the push is of an unknown kind');
  return renamed(encodePush({ ...decoded, payload: encodePayload(change(payload)) }));
}

/** The push of a message with another envelope. */
export function withEnvelope(push: Uint8Array, change: (envelope: Envelope) => Partial<Envelope>): Uint8Array {
  return withPayload(push, (payload) => {
    if (payload.kind !== 'message') throw new Error('the push is no message');
    return { kind: 'message', value: { ...payload.value, ...change(payload.value) } };
  });
}

/** The push of a one-to-one message of which parts are others. */
export function withRatchetMessage(push: Uint8Array, change: (message: RatchetMessage) => Partial<RatchetMessage>): Uint8Array {
  return withEnvelope(push, ({ payload }) => {
    if (payload.kind !== 'one-to-one') throw new Error('the message is not one-to-one');
    return { payload: { kind: 'one-to-one', message: { ...payload.message, ...change(payload.message) } } };
  });
}

/** The push of a group's message of which parts are others. */
export function withGroupMessage(push: Uint8Array, change: (message: GroupMessage) => Partial<GroupMessage>): Uint8Array {
  return withEnvelope(push, ({ payload }) => {
    if (payload.kind !== 'group') throw new Error('the message is not of a group');
    return { payload: { kind: 'group', message: { ...payload.message, ...change(payload.message) } } };
  });
}

/** `bytes` with one bit of the byte at `position` (from the end when negative) changed. */
export function flipped(bytes: Uint8Array, position: number): Uint8Array {
  const place = position < 0 ? bytes.length + position : position;
  return bytes.map((byte, index) => (index === place ? byte ^ 1 : byte));
}

/** What stands between the relay and one device. */
export class Meddler {
  /** Kinds of push that are kept back. */
  readonly keeps = new Set<PushKind>();
  readonly kept: Uint8Array[] = [];
  /** Every push that has passed, in order. */
  readonly passed: Uint8Array[] = [];
  /** Takes the place of an answer of the relay. */
  answer: (name: RequestName, answer: Uint8Array) => Uint8Array = (_name, answer) => answer;
  /** Answers of the relay, as the device got them. */
  readonly answers: { readonly name: RequestName; readonly answer: Uint8Array }[] = [];
  #deliver: (push: Uint8Array) => void = () => undefined;

  /** A registered device whose connection goes through here. */
  join(world: World, userId: string, deviceId = 'one', options: DeviceOptions = {}): Promise<Device> {
    const transport = this.transport(world.relay.network.transport);
    return world.join(userId, deviceId, { ...options, client: { ...options.client, transport } });
  }

  transport(inner: Transport): Transport {
    return {
      connect: async (options) => {
        this.#deliver = (push) => {
          options.onPush(push);
        };
        const onPush = (push: Uint8Array): void => {
          if (this.#isKept(decodePush(push))) this.kept.push(push.slice());
          else this.deliver(push);
        };
        const connection = await inner.connect({ ...options, onPush });
        return {
          welcome: connection.welcome,
          closed: connection.closed,
          push: (message) => connection.push(message),
          close: () => connection.close(),
          request: async (name, body, requestOptions) => {
            const answer = this.answer(name, await connection.request(name, body, requestOptions));
            this.answers.push({ name, answer });
            return answer;
          },
        };
      },
    };
  }

  /** Hands a push to the device. */
  deliver(push: Uint8Array): void {
    this.passed.push(push.slice());
    this.#deliver(push);
  }

  /** Keeps pushes of `kind` back from now on, does `work`, and gives the first push that was kept because of it. */
  async keepsBack(kind: PushKind, work: () => Promise<unknown>): Promise<Uint8Array> {
    this.keeps.add(kind);
    await work();
    await until(() => this.kept.length > 0, `a push of kind ${kind} is kept back`);
    const [first] = this.kept;
    if (first === undefined) throw new Error('nothing was kept back');
    return first;
  }

  /** Hands over what was kept, and keeps nothing any more. */
  release(): void {
    this.keeps.clear();
    for (const push of this.kept.splice(0)) this.deliver(push);
  }

  #isKept({ payload }: ReceivedPush): boolean {
    return payload.kind !== 'unknown' && this.keeps.has(payload.kind);
  }
}
