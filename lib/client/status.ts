/** How a client stands, in numbers. */
import { currentSignedPreKey } from '../account/account.js';
import type { DeviceAddress } from '../base/address.js';
import type { Core } from './core.js';

/** How a client stands. */
export interface ClientStatus {
  readonly address: DeviceAddress;
  readonly suite: string;
  readonly connection: 'connected' | 'connecting' | 'offline';
  readonly sessions: { readonly ready: number; readonly invited: number };
  /** Requests that the relay has not answered. */
  readonly outbox: number;
  /** Requests that the relay refused: tried again at the next starts, a few times, unless `Client.dropRefused` is called. */
  readonly refused: number;
  /** Messages that wait for a session, or for the keys of a group. */
  readonly pending: number;
  /** Groups this device is in. */
  readonly groups: number;
  /** Messages that wait for `ack()`. */
  readonly inbox: number;
  /** Pushes that the relay has not been told about. */
  readonly unconsumedPushes: number;
  /** Pushes whose handling failed: see `Client.setAside`. */
  readonly setAside: number;
  /** Messages that came before their session was ready. */
  readonly earlyMessages: number;
  /** How often something received could not be used since the store was made, by code (lib/client/undecryptable.ts). */
  readonly undecryptable: Readonly<Record<string, number>>;
  readonly oneTimePreKeys: number;
  readonly signedPreKey: { readonly id: number; readonly expires: number };
  /** ms since 1970; 0 when the relay did not say. */
  readonly tokenExpires: number;
  /** Commits of the store so far. */
  readonly commits: number;
}

/** How the client stands now. Rejects with `StoreError`. */
export async function statusOf(core: Core): Promise<ClientStatus> {
  const { account, sessions, outbox, pending, groups, groupWaiting, inbox, pushes, link, steps, store, setAside, early, refusals } = core;
  await steps.settled();
  const { id, expires } = currentSignedPreKey(account.account);
  return {
    address: account.address,
    suite: account.account.suite.name,
    connection: link.state,
    sessions: sessions.counts,
    outbox: outbox.size,
    refused: outbox.refused.length,
    pending: pending.total + groupWaiting.total,
    groups: groups.all().length,
    inbox: inbox.count,
    unconsumedPushes: pushes.unconsumed,
    setAside: setAside.count,
    earlyMessages: early.total,
    undecryptable: refusals.all,
    oneTimePreKeys: await store.countOneTimePreKeys(),
    signedPreKey: { id, expires },
    tokenExpires: account.credentials?.tokenExpires ?? 0,
    commits: account.durableCommits,
  };
}
