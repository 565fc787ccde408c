import { expect, test } from '@jest/globals';
import { Events } from '../../lib/client/events.js';
import { Link } from '../../lib/client/link.js';
import type { CloseReason, Connection } from '../../lib/transport/transport.js';
import type { HelloAck } from '../../lib/wire/frame.js';
import { seededRandom } from '../server/relay-fixture.js';
import { gate } from '../support/scenario-gates.js';
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

/** A connection that nobody asks anything over. */
function connectionOf(): Connection {
  let end: (reason: CloseReason) => void = () => undefined;
  const closed = new Promise<CloseReason>((resolve) => {
    end = resolve;
  });
  return {
    welcome,
    closed,
    request: () => Promise.reject(new Error('nothing is asked')),
    push: () => undefined,
    close: () => {
      end({ cause: 'local', reason: 'closed' });
      return Promise.resolve();
    },
  };
}

/** A line whose welcomes are stored by `onWelcome`; `told` is what it tells. */
function lineOf(connect: () => Promise<Connection>, onWelcome: () => Promise<void>): { link: Link; told: string[]; clock: FakeClock } {
  const told: string[] = [];
  const clock = new FakeClock();
  const link = new Link({
    transport: { connect },
    clock,
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
    onWelcome,
    onConnected: () => told.push('on connected'),
    onDisconnected: () => told.push('on disconnected'),
    onRolledBack: () => Promise.resolve(),
    onUnknown: () => undefined,
  });
  return { link, told, clock };
}

test('a line that is stopped while the welcome of a connection is being stored ends that connection, and comes to its end', async () => {
  const connection = connectionOf();
  const [asked, stored] = [gate(), gate()];
  const { link, told } = lineOf(
    () => Promise.resolve(connection),
    () => {
      asked.open();
      return stored.opened;
    },
  );
  link.start();
  await asked.opened;
  const stopped = link.stop();
  stored.open();
  await stopped;
  expect(await connection.closed).toEqual({ cause: 'local', reason: 'closed' });
  expect(told).toEqual(['on disconnected', 'disconnected']);
});

test('a connection that is broken off while its welcome is being stored is none: the next one brings again what it has brought', async () => {
  const connections: Connection[] = [];
  const [asked, stored] = [gate(), gate()];
  const { link, told, clock } = lineOf(
    () => {
      connections.push(connectionOf());
      return Promise.resolve(connections.at(-1)!);
    },
    () => {
      asked.open();
      return stored.opened;
    },
  );
  link.start();
  await asked.opened;
  const waits = link.connected();
  link.breakOff();
  stored.open();
  await expect(waits).rejects.toMatchObject({ code: 'offline' });
  expect(await connections[0]!.closed).toEqual({ cause: 'local', reason: 'closed' });
  expect(told).toEqual(['on disconnected', 'disconnected']);
  expect(link.state).toBe('offline');
  await clock.advance(120_000);
  expect(told.slice(2)).toEqual(['connected', 'on connected']);
  expect(link.connection).toBe(connections[1]);
  await link.stop();
});
