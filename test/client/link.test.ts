import { expect, test } from '@jest/globals';
import { Events } from '../../lib/client/events.js';
import { Link } from '../../lib/client/link.js';
import type { CloseReason, Connection } from '../../lib/transport/transport.js';
import type { HelloAck } from '../../lib/wire/frame.js';
import { seededRandom } from '../server/relay-fixture.js';
import { FakeClock } from '../transport/fake-clock.js';

const welcome: HelloAck = {
  code: 200,
  reason: '',
  token: '',
  tokenExpiresAt: 0,
  serverTime: 0,
  pushWindow: 1,
  heartbeatInterval: 1,
  maxFrameLength: 1,
  storeSince: 0,
};

test('a line that is stopped while the welcome of a connection is being stored ends that connection, and comes to its end', async () => {
  let end: (reason: CloseReason) => void = () => undefined;
  const closed = new Promise<CloseReason>((resolve) => {
    end = resolve;
  });
  const connection: Connection = {
    welcome,
    closed,
    request: () => Promise.reject(new Error('nothing is asked')),
    push: () => undefined,
    close: () => {
      end({ cause: 'local', reason: 'closed' });
      return Promise.resolve();
    },
  };
  let stored: () => void = () => undefined;
  const storing = new Promise<void>((resolve) => {
    stored = resolve;
  });
  let asked: () => void = () => undefined;
  const isAsked = new Promise<void>((resolve) => {
    asked = resolve;
  });
  const told: string[] = [];
  const link = new Link({
    transport: { connect: () => Promise.resolve(connection) },
    clock: new FakeClock(),
    random: seededRandom('link'),
    events: new Events((event) => told.push(event.type === 'connection' ? event.state : event.type)),
    hello: () =>
      Promise.resolve({
        address: { domain: 'd', userId: 'u', deviceId: 'd' },
        credential: { kind: 'none' },
        incarnation: new Uint8Array(0),
        commitCounter: 0,
        greeting: new Uint8Array(0),
        previousGreeting: new Uint8Array(0),
      }),
    commitCounter: () => 0,
    onPush: () => undefined,
    onWelcome: () => {
      asked();
      return storing;
    },
    onConnected: () => told.push('on connected'),
    onDisconnected: () => undefined,
    onRolledBack: () => Promise.resolve(),
    onUnknown: () => undefined,
  });
  link.start();
  await isAsked;
  const stopped = link.stop();
  stored();
  await stopped;
  expect(await closed).toEqual({ cause: 'local', reason: 'closed' });
  expect(told).toEqual(['disconnected']);
});
