/** A relay in a process of its own. */
import { suiteByName } from '../../lib/crypto/cipher-suite.js';
import type { Relay } from '../../lib/server/index.js';
import { listen, openRelay } from '../../lib/server/index.js';
import { GroupCommit } from '../../lib/store/group-commit.js';
import { RelayStore } from '../../lib/store/relay-store.js';
import { openSqliteStore } from '../../lib/store/sqlite/index.js';
import type { Store } from '../../lib/store/store.js';
import { HostClock } from './host-clock.js';
import { openNotes } from './notes.js';
import { pointedChannel } from './pointed-channel.js';
import { pointedStore } from './pointed-store.js';
import { type ArmedFault, Points } from './points.js';
import { tableSubjects } from './relay-subjects.js';
import { knowledgeOf } from './unseen-loss.js';

/** The domain of every address in a story. */
export const domain = 'example.org';

/** What a relay is started with. */
export interface RelayStart {
  readonly store: string;
  readonly notes: string;
  /** 0: the system chooses. */
  readonly port: number;
  /** How far its clock goes ahead, ms. */
  readonly offset: number;
  readonly faults: readonly ArmedFault[];
}

/** Few keys, so that they run out; nobody is slowed down. */
const limits = {
  lowOneTimePreKeys: 2,
  fullOneTimePreKeys: 5,
  bundlesPerTarget: { count: 100_000, per: 60_000 },
  invitesPerTarget: { count: 100_000, per: 60_000 },
  groupChanges: { count: 100_000, per: 60_000 },
  registrations: { count: 100_000, per: 60_000 },
  refusedHellos: { count: 100_000, per: 60_000 },
};

/** A running relay. */
export class HostedRelay {
  readonly port: number;
  readonly #relay: Relay;
  readonly #clock: HostClock;
  readonly #points: Points;

  /** Opens what is durable for reading. */
  readonly #stored: () => RelayStore;

  private constructor(relay: Relay, stored: () => RelayStore, port: number, clock: HostClock, points: Points) {
    this.#relay = relay;
    this.#stored = stored;
    this.port = port;
    this.#clock = clock;
    this.#points = points;
  }

  static async start({ store, notes, port, offset, faults }: RelayStart): Promise<HostedRelay> {
    const note = openNotes(notes);
    const points = new Points(note);
    points.arm(faults);
    const clock = new HostClock(offset);
    let opened: Promise<Store> | undefined;
    const open = (): Promise<Store> => (opened = openSqliteStore({ path: store }));
    const relay = await openRelay({
      store: pointedStore(open, store, 'relay', points, tableSubjects),
      domain,
      registration: 'open',
      suite: suiteByName('curve25519'),
      clock,
      limits,
    });
    const accept = relay.accept.bind(relay);
    relay.accept = (channel) => accept(pointedChannel(channel, points, note));
    const listener = await listen(relay, { host: '127.0.0.1', port });
    const stored = (): RelayStore => new RelayStore(new GroupCommit(() => opened ?? open()), domain);
    return new HostedRelay(relay, stored, listener.port, clock, points);
  }

  readonly commands = {
    leap: ({ by }: { by: number }) => this.#clock.leap(by),
    arm: ({ faults }: { faults: readonly ArmedFault[] }) => this.#points.arm(faults),
    knowledge: ({ userId, deviceId }: { userId: string; deviceId: string }) => knowledgeOf(this.#stored(), { domain, userId, deviceId }),
    /** All kinds of notices of an application. */
    notify: async ({ userId, groupId }: { userId: string; groupId: string | undefined }) => {
      const user = { domain, userId };
      const modified = this.#clock.now();
      await this.#relay.notifySystem(user, { modified, operation: 0, payload: new Uint8Array(8) });
      await this.#relay.notifyFriend(user, {
        modified,
        noticeId: `${modified}`,
        user: { ...user, deviceId: '' },
        userName: userId,
        operation: 0,
        friendship: undefined,
      });
      if (groupId === undefined) return;
      const group = { domain, groupId };
      await this.#relay.notifyGroup(group, { modified, noticeId: `${modified}`, group, groupName: '', operation: 0, change: undefined });
    },
  };

  close(): Promise<void> {
    return this.#relay.close();
  }
}
