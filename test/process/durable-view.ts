/** What is durable in a client's SQLite file at one moment, seen through a second connection. */
import type { DeviceAddress } from '../../lib/base/address.js';
import { sameUser } from '../../lib/base/address.js';
import type { SessionId } from '../../lib/base/brand.js';
import { ClientStore } from '../../lib/store/client-store.js';
import { readHandledPush, readOutboxEntry } from '../../lib/store/client/queue-rows.js';
import { GroupCommit } from '../../lib/store/group-commit.js';
import { type MemoryTables, openMemoryStore } from '../../lib/store/memory/memory-store.js';
import { RowKeyReader } from '../../lib/store/row-key.js';
import type { Row } from '../../lib/store/store.js';
import type { Hello } from '../../lib/wire/frame.js';
import { decodeEnvelope } from '../../lib/wire/message.js';
import { type RequestName, requests } from '../../lib/wire/request.js';
import { storedTables } from '../support/stored-tables.js';

/** Copies of all durable rows. */
export class DurableView {
  readonly #tables: MemoryTables;

  /** Reads the file now, synchronously: nothing can become durable between the call and its return that the view would wrongly show. */
  constructor(path: string) {
    this.#tables = storedTables(path);
  }

  /** Why this request must not leave yet; `undefined` when everything that it presupposes is durable. */
  async objection(name: RequestName, body: Uint8Array): Promise<string | undefined> {
    await using store = new ViewedStore(this.#tables);
    return await store.objection(name, body);
  }

  /** Why this hello must not leave; `undefined` when it tells of nothing that is not durable. */
  async objectionToHello(hello: Hello): Promise<string | undefined> {
    await using store = new ViewedStore(this.#tables);
    return await store.objectionToHello(hello);
  }
}

class ViewedStore {
  readonly #commits: GroupCommit;
  readonly #store: ClientStore;

  constructor(tables: MemoryTables) {
    this.#commits = new GroupCommit(() => openMemoryStore({ unsafeTestingTables: tables }));
    this.#store = new ClientStore(this.#commits);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#commits.close();
  }

  async objection(name: RequestName, body: Uint8Array): Promise<string | undefined> {
    switch (name) {
      case 'register_user':
        return this.#objectionToRegistration(body);
      case 'get_pre_key_bundle':
        return this.#objectionToLookUp(requests[name].decodeRequest(body));
      case 'consume_proto_msg': {
        const { pushId, outcome } = requests[name].decodeRequest(body);
        const rows = await this.#rows('push');
        const handled = rows.filter(({ key }) => new RowKeyReader(key).text() === 'handled').map(readHandledPush);
        return handled.some(({ id, state }) => id === pushId && state === outcome) ? undefined : 'its push is not noted';
      }
      default: {
        const entries = (await this.#rows('outbox')).map(readOutboxEntry);
        const found = entries.find((entry) => entry.kind === name && Buffer.compare(entry.body, body) === 0);
        if (found === undefined) return 'no row of the outbox has these bytes';
        return name === 'send_one2one_msg' ? this.#objectionToMessage(requests[name].decodeRequest(body).envelope) : undefined;
      }
    }
  }

  async objectionToHello({ credential, incarnation, commitCounter }: Hello): Promise<string | undefined> {
    if (credential.kind === 'none') return undefined;
    const meta = await this.#store.loadMeta();
    const stored = await this.#store.loadAccount();
    if (meta === undefined || Buffer.compare(meta.incarnation, incarnation) !== 0) return 'the name of the store is not durable';
    if (commitCounter > meta.commits.count) return 'it counts commits that are not durable';
    return stored?.credentials === undefined ? 'the credentials are not durable' : undefined;
  }

  async #objectionToRegistration(body: Uint8Array): Promise<string | undefined> {
    const stored = await this.#store.loadAccount();
    if (stored?.registration === undefined || Buffer.compare(stored.registration.request, body) !== 0) return 'its bytes are not durable';
    const { signedPreKey, oneTimePreKeys } = requests.register_user.decodeRequest(body);
    const { account } = stored;
    if (!account.signedPreKeys.some(({ id }) => id === signedPreKey.id)) return 'the signed pre-key is not durable';
    return (await this.#store.countOneTimePreKeys()) === oneTimePreKeys.length ? undefined : 'the one-time pre-keys are not durable';
  }

  /** A look-up that the client makes by itself is for a message that waits, or a device that it was told of. */
  async #objectionToLookUp(user: { readonly domain: string; readonly userId: string }): Promise<string | undefined> {
    const found: { domain: string; userId: string }[] = [];
    await this.#store.walkPending((target) => found.push(target));
    for (const { device } of await this.#store.loadPeers()) found.push(device);
    return found.some((target) => sameUser(target, user)) ? undefined : 'neither a message nor a device of the user is stored';
  }

  /** The chain of the message must stand behind it, or the next start would seal another one with the same key. */
  async #objectionToMessage(encoded: Uint8Array): Promise<string | undefined> {
    const { from, sessionId, payload } = decodeEnvelope(encoded);
    if (payload.kind !== 'one-to-one') return 'it is no message between two devices';
    const { rootSequence, sequence } = payload.message;
    const sending = await this.#sending(sessionId, from);
    if (sending === undefined) return 'its session is not durable';
    const isBehind = sending.rootSequence > rootSequence || (sending.rootSequence === rootSequence && sending.index > sequence);
    return isBehind ? undefined : 'its message key would be used again';
  }

  async #sending(sessionId: SessionId, from: DeviceAddress): Promise<{ rootSequence: number; index: number } | undefined> {
    const index = (await this.#store.loadSessionIndexes()).find((each) => each.sessionId === sessionId);
    if (index === undefined) return undefined;
    const { session } = await this.#store.loadSession(index, from);
    if (session.state !== 'ready') return undefined;
    return { rootSequence: session.ratchet.rootSequence, index: session.ratchet.sender.chainKey.index };
  }

  async #rows(table: 'push' | 'outbox'): Promise<Row[]> {
    return this.#commits.list(table, { prefix: new Uint8Array() });
  }
}
