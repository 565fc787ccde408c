/** Everything of one story: the relay, the devices, the clock, what was sent, what was done. */
import { E2eeError } from '../../lib/base/errors.js';
import { ScenarioClock } from '../support/scenario-clock.js';
import { Dice } from './dice.js';
import { GroupTraffic } from './group-traffic.js';
import { StoryKeys } from './jobs.js';
import { Ledger } from './ledger.js';
import { type RelayGroup, RelayHost } from './relay-host.js';
import { type DeviceSurroundings, StoryDevice } from './story-device.js';
import type { Story } from './story.js';

/** The world of a story. */
export class World {
  readonly story: Story;
  readonly clock = new ScenarioClock();
  readonly host: RelayHost;
  readonly traffic: GroupTraffic;
  readonly ledger = new Ledger();
  readonly devices: StoryDevice[] = [];
  /** How calls ended that were not waited for: `done`, or the code of the error. */
  readonly outcomes = new Map<string, number>();
  /** What should never happen, noticed on the way. */
  readonly troubles: string[] = [];
  /** Texts from this number on were sent when all who went back in time had healed; before, what those cannot open is lost to them. */
  healedSince = 0;
  /** Time leapt so far, ms. */
  leapt = 0;
  readonly #dice: Dice;
  readonly #keys = new StoryKeys();
  /** Puts somebody between a device and its line. */
  readonly #between: DeviceSurroundings['between'];
  #underWay = 0;

  constructor(story: Story, between: DeviceSurroundings['between'] = (transport) => transport) {
    this.#between = between;
    this.story = story;
    this.#dice = new Dice(story.seed);
    this.host = new RelayHost(story.seed, this.clock, this.#dice, this.#keys);
    this.traffic = new GroupTraffic(this.host);
  }

  /** Starts the relay and registers the devices of the beginning. */
  async begin(): Promise<void> {
    await this.host.start();
    for (const [user, count] of this.story.devices.entries()) for (let device = 0; device < count; device += 1) await this.join(user);
  }

  /** Registers a further device of user number `user`. */
  async join(user: number): Promise<StoryDevice> {
    const userId = `user-${user}`;
    const count = this.devices.filter(({ address }) => address.userId === userId).length;
    const { seed, suite, oneTimePreKeys } = this.story;
    const surroundings = {
      seed,
      suite,
      oneTimePreKeys,
      clock: this.clock,
      dice: this.#dice,
      keys: this.#keys,
      accept: this.host.accept,
      tap: (address: StoryDevice['address']) => this.traffic.tap(address),
      between: this.#between,
    };
    const device = await new StoryDevice(surroundings, userId, `device-${count}`).register();
    this.devices.push(device);
    return device;
  }

  /** Devices that are registered. */
  get present(): readonly StoryDevice[] {
    return this.devices.filter(({ isGone }) => !isGone);
  }

  /** Ids of the users. */
  get users(): readonly string[] {
    return this.story.devices.map((_, user) => `user-${user}`);
  }

  /** The device that a step's number chooses. */
  device(number: number): StoryDevice {
    return choose(this.present, number);
  }

  /** The group that a step's number chooses. */
  group(number: number): RelayGroup | undefined {
    const groups = [...this.host.groups.values()];
    return groups.length === 0 ? undefined : choose(groups, number);
  }

  /** Whether calls are being waited for. */
  get isBusy(): boolean {
    return this.#underWay > 0;
  }

  /** Goes on without waiting for `call`; how it ends is counted. */
  goOn(what: string, call: Promise<unknown>): void {
    this.#underWay += 1;
    void call
      .then(
        () => this.#count(`${what}: done`),
        (error: unknown) => {
          if (error instanceof E2eeError) this.#count(`${what}: ${error.code}`);
          else this.troubles.push(`${what} failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
        },
      )
      .finally(() => {
        this.#underWay -= 1;
      });
  }

  async end(): Promise<void> {
    for (const device of this.devices) await device.close();
    await this.host.stop();
  }

  #count(outcome: string): void {
    this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1);
  }
}

/** The element that `number` chooses. */
export function choose<T>(among: readonly T[], number: number): T {
  const chosen = among[number % among.length];
  if (chosen === undefined) throw new Error('there is nothing to choose');
  return chosen;
}

/** The elements that the bits of `number` choose. */
export function chooseSome<T>(among: readonly T[], number: number): T[] {
  return among.filter((_, position) => ((number >> position) & 1) === 1);
}
