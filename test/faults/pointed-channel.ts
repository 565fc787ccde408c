/** A relay's channel to one client with points at everything that comes and leaves. */
import type { FrameChannel } from '../../lib/transport/channel.js';
import { decodeFrame } from '../../lib/wire/frame.js';
import { decodeEnvelope } from '../../lib/wire/message.js';
import { decodePush } from '../../lib/wire/push.js';
import { type RequestName, requestNameOf, requests } from '../../lib/wire/request.js';
import { wireLabel } from './labels.js';
import { type Note, nameOf } from './notes.js';
import { fingerprint } from './pointed-transport.js';
import type { Points } from './points.js';

/** Passes the points of a relay. */
export function pointedChannel(inner: FrameChannel, points: Points, note: (note: Note) => void): FrameChannel {
  const asked = new Map<number, RequestName>();
  const came = (bytes: Uint8Array): void => {
    const frame = decodeFrame(bytes);
    if (frame.kind === 'hello') points.pass(wireLabel('relay', 'hello', 'came'));
    const name = frame.kind === 'request' ? requestNameOf(frame.request) : undefined;
    if (frame.kind !== 'request' || name === undefined) return;
    asked.set(frame.id, name);
    points.pass(wireLabel('relay', name, 'came'));
  };
  /** Returns what to pass once it has left. */
  const leaves = (bytes: Uint8Array): string | undefined => {
    const frame = decodeFrame(bytes);
    if (frame.kind === 'push') {
      const { tag, payload } = decodePush(frame.body);
      if (tag !== undefined) points.pass(wireLabel('relay', `push ${payload.kind}`, 'leaves'));
      if (payload.kind === 'message')
        note({ note: 'passed', ciphertext: fingerprint(decodeEnvelope(payload.bytes).payload.message.ciphertext) });
    }
    if (frame.kind === 'hello-ack') {
      points.pass(wireLabel('relay', 'hello', 'answer leaves'));
      return wireLabel('relay', 'hello', 'answer left');
    }
    const name = frame.kind === 'response' ? asked.get(frame.id) : undefined;
    if (frame.kind !== 'response' || name === undefined) return undefined;
    asked.delete(frame.id);
    points.pass(wireLabel('relay', name, 'answer leaves'));
    if (name === 'get_pre_key_bundle' && frame.status === 200) noteServed(frame.body, note);
    return wireLabel('relay', name, 'answer left');
  };
  return {
    remoteAddress: inner.remoteAddress,
    closed: inner.closed,
    get bufferedAmount() {
      return inner.bufferedAmount;
    },
    send: (frame) => {
      const left = leaves(frame);
      inner.send(frame);
      // The socket writes at the end of the turn.
      if (left !== undefined) setImmediate(() => points.pass(left));
    },
    receive: (receiver) => {
      inner.receive({
        onFrame: (frame) => {
          came(frame);
          receiver.onFrame(frame);
        },
        onDrain: () => receiver.onDrain(),
      });
    },
    pause: () => inner.pause(),
    resume: () => inner.resume(),
    close: () => inner.close(),
    cut: () => inner.cut(),
  };
}

function noteServed(body: Uint8Array, note: (note: Note) => void): void {
  const response = requests.get_pre_key_bundle.decodeResponse(body);
  if (!response.ok) return;
  for (const { bundle } of response.value.bundles) {
    const id = bundle.oneTimePreKey?.id;
    if (id !== undefined) note({ note: 'served', device: nameOf(bundle.address), oneTimePreKeyId: id });
  }
}
