/** A client's transport with points at everything that leaves and comes. */
import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import type { Transport } from '../../lib/transport/transport.js';
import { decodeEnvelope } from '../../lib/wire/message.js';
import { decodePush } from '../../lib/wire/push.js';
import { type RequestName, requests } from '../../lib/wire/request.js';
import { wireLabel } from './labels.js';
import { type Note, nameOf } from './notes.js';
import type { Points } from './points.js';

/** Names bytes in notes. */
export function fingerprint(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex').slice(0, 32);
}

/** Passes the points of a client; `pushCame` learns what each push is. */
export function pointedTransport(
  inner: Transport,
  points: Points,
  note: (note: Note) => void,
  pushCame: (id: string, kind: string) => void,
): Transport {
  return {
    connect: async (options) => {
      points.pass(wireLabel('client', 'hello', 'leaves'));
      const opening = inner.connect({
        ...options,
        onPush: (bytes) => {
          const { tag, payload } = decodePush(bytes);
          if (tag !== undefined) {
            pushCame(tag.id, payload.kind);
            points.pass(wireLabel('client', `push ${payload.kind}`, 'came'));
          }
          options.onPush(bytes);
        },
      });
      points.pass(wireLabel('client', 'hello', 'left'));
      const connection = await opening;
      points.pass(wireLabel('client', 'hello', 'answered'));
      return {
        welcome: connection.welcome,
        closed: connection.closed,
        push: (message) => connection.push(message),
        close: () => connection.close(),
        request: async (name, body, requestOptions) => {
          points.pass(wireLabel('client', name, 'leaves'));
          noteDeparture(name, body, note);
          const answer = connection.request(name, body, requestOptions);
          answer.catch(() => undefined);
          // The socket writes at the end of the turn.
          await setImmediate();
          points.pass(wireLabel('client', name, 'left'));
          const response = await answer;
          points.pass(wireLabel('client', name, 'answered'));
          return response;
        },
      };
    },
  };
}

/** Everything that must be unlike anything that left before. */
function noteDeparture(name: RequestName, body: Uint8Array, note: (note: Note) => void): void {
  if (name === 'send_one2one_msg' || name === 'send_group_msg') {
    const { payload, messageId, sessionId } = decodeEnvelope(requests[name].decodeRequest(body).envelope);
    note({ note: 'left', ciphertext: fingerprint(payload.message.ciphertext), messageId, sessionId });
  }
  if (name === 'invite') {
    const { to, oneTimePreKeyId, sessionId } = requests.invite.decodeRequest(body).invite;
    note({ note: 'invited', device: nameOf(to), oneTimePreKeyId, sessionId });
  }
}
