/** A client in a process of its own. */
import { fromUtf8, utf8 } from '../../lib/base/bytes.js';
import { E2eeError, StoreError } from '../../lib/base/errors.js';
import { suiteByName } from '../../lib/crypto/cipher-suite.js';
import { addon } from '../../lib/crypto/native.js';
import { Client, type ClientEvent, type ClientOptions, type ReceivedMessage, webSocketTransport } from '../../lib/index.js';
import { openSqliteStore } from '../../lib/store/sqlite/index.js';
import { ClientSubjects } from './client-subjects.js';
import { HostClock } from './host-clock.js';
import { domain } from './hosted-relay.js';
import { type Note, nameOf, openNotes } from './notes.js';
import { pointedStore } from './pointed-store.js';
import { fingerprint, pointedTransport } from './pointed-transport.js';
import { type ArmedFault, Points } from './points.js';

/** What a client is started with. */
export interface ClientStart {
  readonly task: 'register' | 'open';
  readonly store: string;
  readonly notes: string;
  readonly url: string;
  readonly userId: string;
  readonly deviceId: string;
  readonly suite: string;
  readonly oneTimePreKeys: number;
  /** How far its clock goes ahead, ms. */
  readonly offset: number;
  /** Which process of the device this is, from 1. */
  readonly life: number;
  readonly faults: readonly ArmedFault[];
}

/** A group as a client knows it. */
export interface GroupView {
  readonly groupId: string;
  readonly members: readonly string[];
  readonly isManager: boolean;
  readonly state: 'ready' | 'waiting' | 'leaving';
  readonly devices: readonly string[];
}

/** Who gets a message. */
export interface SentView {
  readonly messageId: string;
  readonly readers: readonly string[];
  /** Own other devices. */
  readonly copies: readonly string[];
}

/** What moves in a client. */
export interface ClientView {
  readonly connection: string;
  readonly outbox: number;
  readonly pending: number;
  readonly unconsumedPushes: number;
  readonly inbox: number;
}

/** Whose notes tell of what is sealed: one client runs in a process at a time. */
let sealed: ((note: Note) => void) | undefined;
const seal = addon.chainSeal.bind(addon);
addon.chainSeal = (hash, chainKey, associatedData, plaintext, out, next) => {
  const key = fingerprint(chainKey);
  seal(hash, chainKey, associatedData, plaintext, out, next);
  sealed?.({ note: 'sealed', key, ciphertext: fingerprint(out) });
};

/** A running client. */
export class HostedClient {
  readonly #client: Client;
  readonly #clock: HostClock;
  readonly #points: Points;
  readonly #reading: Promise<void>;

  private constructor(client: Client, clock: HostClock, points: Points, note: (note: Note) => void, life: number) {
    this.#client = client;
    this.#clock = clock;
    this.#points = points;
    this.#reading = readAll(client, note, life);
  }

  static async start(start: ClientStart): Promise<HostedClient> {
    const { store, url, faults, offset, life, userId, deviceId } = start;
    const note = openNotes(start.notes);
    const points = new Points(note);
    points.arm(faults);
    const clock = new HostClock(offset);
    const subjects = new ClientSubjects();
    sealed = note;
    const options: ClientOptions = {
      store: pointedStore(() => openSqliteStore({ path: store }), store, 'client', points, subjects),
      transport: pointedTransport(webSocketTransport({ url, clock }), points, note, (id, kind) => subjects.pushCame(id, kind)),
      common: { clock },
      events: { onEvent: (event) => note(asNote(event)) },
    };
    const client = await (start.task === 'open'
      ? Client.open(options)
      : Client.register({
          ...options,
          userId,
          deviceId,
          authenticator: `mailto:${userId}@${domain}`,
          authCode: 'open',
          suite: suiteByName(start.suite),
          oneTimePreKeys: start.oneTimePreKeys,
        }));
    return new HostedClient(client, clock, points, note, life);
  }

  readonly commands = {
    leap: ({ by }: { by: number }) => this.#clock.leap(by),
    arm: ({ faults }: { faults: readonly ArmedFault[] }) => this.#points.arm(faults),
    /** Gives who gets it and who gets a copy. */
    send: async ({ to, text }: { to: string; text: string }): Promise<SentView> => {
      const [others, { messageId, devices }] = await Promise.all([
        this.#client.devices(this.#client.address),
        this.#client.send({ domain, userId: to }, utf8(text)),
      ]);
      return { messageId, readers: devices.map(({ device }) => nameOf(device)), copies: others.map(({ device }) => nameOf(device)) };
    },
    /** Gives for whom it is sealed. */
    sendToGroup: async ({ groupId, text }: { groupId: string; text: string }): Promise<SentView> => {
      const [groups, { messageId }] = await Promise.all([this.#client.groups(), this.#client.sendToGroup({ domain, groupId }, utf8(text))]);
      const known = groups.find(({ address }) => address.groupId === groupId);
      return { messageId, readers: (known?.devices ?? []).map(nameOf), copies: [] };
    },
    invite: async ({ to }: { to: string }) => {
      await this.#client.invite({ domain, userId: to });
    },
    createGroup: async ({ name, members, managers }: { name: string; members: readonly string[]; managers: readonly string[] }) =>
      (await this.#client.createGroup({ name, members: members.map(user), managers: managers.map(user) })).groupId,
    addMembers: ({ groupId, members }: { groupId: string; members: readonly string[] }) =>
      this.#client.addGroupMembers({ domain, groupId }, members.map(user)),
    removeMembers: ({ groupId, members }: { groupId: string; members: readonly string[] }) =>
      this.#client.removeGroupMembers({ domain, groupId }, members.map(user)),
    leaveGroup: ({ groupId }: { groupId: string }) => this.#client.leaveGroup({ domain, groupId }),
    lookUpGroup: async ({ groupId }: { groupId: string }) => {
      await this.#client.lookUpGroup({ domain, groupId });
    },
    updateUser: ({ name }: { name: string }) => this.#client.updateUser({ kind: 'name', name }),
    removeDevice: ({ deviceId }: { deviceId: string }) => this.#client.removeDevice(deviceId),
    reconnect: () => this.#client.reconnect(),
    devices: async ({ of }: { of: string }) => (await this.#client.devices(user(of))).map(({ device }) => nameOf(device)),
    groups: async (): Promise<GroupView[]> =>
      (await this.#client.groups()).map(({ address, members, isManager, state, devices }) => ({
        groupId: address.groupId,
        members: members.map(({ userId, role }) => `${userId} ${role}`).sort(),
        isManager,
        state,
        devices: devices.map(nameOf).sort(),
      })),
    status: async (): Promise<ClientView> => {
      const { connection, outbox, pending, unconsumedPushes, inbox } = await this.#client.status();
      return { connection, outbox, pending, unconsumedPushes, inbox };
    },
  };

  async close(): Promise<void> {
    await this.#client.close();
    await this.#reading;
  }
}

function user(userId: string): { readonly domain: string; readonly userId: string } {
  return { domain, userId };
}

/** The application: notes each message, then acknowledges it. */
async function readAll(client: Client, note: (note: Note) => void, life: number): Promise<void> {
  for await (const message of client.messages()) {
    const { kind, from, group, bytes, messageId } = message;
    const text = fromUtf8(bytes);
    const groupId = group?.groupId;
    note({ note: 'got', kind, from: nameOf(from), ...(groupId === undefined ? {} : { groupId }), text, messageId, life });
    await acknowledge(message, () => note({ note: 'acknowledged', text }));
  }
}

/** A store that fails is asked again; a client that closes hands the message out after the next start. */
async function acknowledge(message: ReceivedMessage, done: () => void): Promise<void> {
  for (;;) {
    try {
      await message.ack();
      done();
      return;
    } catch (error) {
      if (!(error instanceof E2eeError)) throw error;
      if (!(error instanceof StoreError)) return;
    }
  }
}

function asNote(event: ClientEvent): Note {
  const { type } = event;
  if (type === 'error') {
    const { error, during } = event;
    const text = error instanceof E2eeError ? error.code : error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { note: 'event', type, code: text, during };
  }
  return {
    note: 'event',
    type,
    ...('code' in event ? { code: String(event.code) } : {}),
    ...('device' in event && event.device !== undefined ? { device: nameOf(event.device) } : {}),
    ...('sessionId' in event && event.sessionId !== undefined ? { sessionId: event.sessionId } : {}),
    ...('messageId' in event && event.messageId !== undefined ? { messageId: event.messageId } : {}),
  };
}
