/** Messages of groups as they reach the relay, with who was in the group while it had them in hand. */
import { deviceKey, type DeviceAddress } from '../../lib/base/address.js';
import { isGroupAddress } from '../../lib/wire/address.js';
import { decodeFrame } from '../../lib/wire/frame.js';
import { decodeEnvelope } from '../../lib/wire/message.js';
import { requestNameOf, requests } from '../../lib/wire/request.js';
import type { LineTap } from './line.js';
import type { RelayHost } from './relay-host.js';

/** One time that a message was brought to the relay. */
interface Posting {
  /** Index into the relay's history when it came, and when it was answered; without an answer it may have been accepted at any later time. */
  readonly since: number;
  until: number | undefined;
  refused: boolean;
}

/** One message of a group, as the relay sees it. */
export interface PostedMessage {
  readonly from: string;
  readonly groupId: string;
  readonly messageId: string;
  readonly sessionId: string;
  readonly sequence: number;
  readonly ciphertext: Uint8Array;
  readonly postings: Posting[];
}

/** All messages of groups that reached the relay in a story. */
export class GroupTraffic {
  readonly #host: RelayHost;
  /** By message id and ciphertext: a message may be sealed anew in a later epoch. */
  readonly #messages = new Map<string, PostedMessage>();

  constructor(host: RelayHost) {
    this.#host = host;
  }

  /** Everything that was posted. */
  get messages(): readonly PostedMessage[] {
    return [...this.#messages.values()];
  }

  /** The tap for one device's line. */
  tap(device: DeviceAddress): LineTap {
    const open = new Map<number, Posting>();
    return {
      up: (bytes) => {
        const frame = decodeFrame(bytes);
        if (frame.kind === 'hello') open.clear();
        if (frame.kind !== 'request' || requestNameOf(frame.request) !== 'send_group_msg') return;
        const posting = { since: this.#host.history.length - 1, until: undefined, refused: false };
        this.#message(device, frame.body).postings.push(posting);
        open.set(frame.id, posting);
      },
      down: (bytes) => {
        if (open.size === 0) return;
        const frame = decodeFrame(bytes);
        if (frame.kind !== 'response') return;
        const posting = open.get(frame.id);
        open.delete(frame.id);
        if (posting === undefined) return;
        posting.until = this.#host.history.length - 1;
        posting.refused = frame.status !== 200 || !requests.send_group_msg.decodeResponse(frame.body).ok;
      },
    };
  }

  #message(device: DeviceAddress, body: Uint8Array): PostedMessage {
    const { envelope: encoded } = requests.send_group_msg.decodeRequest(body);
    const { to, messageId, sessionId, payload } = decodeEnvelope(encoded);
    if (payload.kind !== 'group' || !isGroupAddress(to)) throw new Error('a client posted something else than a message of a group');
    const { sequence, ciphertext } = payload.message;
    const name = `${messageId} ${Buffer.from(ciphertext).toString('hex')}`;
    const known = this.#messages.get(name);
    if (known !== undefined) return known;
    const { groupId } = to;
    const message = { from: deviceKey(device), groupId, messageId, sessionId, sequence, ciphertext: ciphertext.slice(), postings: [] };
    this.#messages.set(name, message);
    return message;
  }

  /** Devices that were in the group at every moment, and at any moment, at which the relay may have accepted the message. */
  receivers(messageId: string): { readonly certain: ReadonlySet<string>; readonly possible: ReadonlySet<string> } {
    const history = this.#host.history;
    let certain: Set<string> | undefined;
    const possible = new Set<string>();
    for (const { groupId, postings, from } of this.messages.filter((message) => message.messageId === messageId)) {
      for (const { since, until, refused } of postings) {
        if (refused) continue;
        for (const groups of history.slice(since, (until ?? history.length - 1) + 1)) {
          const devices = [...(groups.get(groupId)?.devices ?? [])].filter((device) => device !== from);
          for (const device of devices) possible.add(device);
          // Without an answer nobody knows whether the relay got it at all.
          if (until !== undefined) certain = new Set(devices.filter((device) => certain?.has(device) ?? true));
        }
      }
    }
    return { certain: certain ?? new Set(), possible };
  }
}
