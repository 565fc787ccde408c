import { afterEach, beforeEach } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Child } from './child.js';
import { type Note, readTrace } from './trace.js';

const commandLine = join(import.meta.dirname, '../../dist/lib/cli/main.js');

/** Where a child is to die; see deaths.mjs. */
export interface Death {
  readonly point: 'before-commit' | 'during-commit' | 'after-commit' | 'before-frame' | 'frame-left' | 'answered' | 'welcomed' | 'pushed';
  readonly puts?: string;
  readonly deletes?: string;
  readonly request?: string;
  /** The first time by default. */
  readonly nth?: number;
}

/** What is special about one life of a device. */
export interface LifeOptions {
  readonly echoes?: boolean;
  readonly death?: Death;
  /** Whether its store calls each commit durable although it holds it back until the next call; see held-back.mjs. */
  readonly holdsBack?: boolean;
  /** Another file than the device's own. */
  readonly store?: string;
}

/** A device over its lives: each is a process, the store remains. */
export class Device {
  readonly userId: string;
  readonly deviceId: string;
  readonly store: string;
  readonly #world: World;
  readonly #trace: string;
  #lives = 0;
  #child: Child | undefined;

  constructor(world: World, userId: string, deviceId: string) {
    this.#world = world;
    this.userId = userId;
    this.deviceId = deviceId;
    this.store = world.path(`${userId}-${deviceId}.db`);
    this.#trace = world.path(`${userId}-${deviceId}.trace`);
  }

  /** The running process. */
  get child(): Child {
    if (this.#child === undefined) throw new Error(`${this.userId}/${this.deviceId} is not running`);
    return this.#child;
  }

  /** What it noted in all its lives. */
  get notes(): Note[] {
    return readTrace(this.#trace);
  }

  /** Starts a process and waits until the client stands. */
  async start(task: 'register' | 'open', options: LifeOptions = {}): Promise<Child> {
    const child = this.launch(task, options);
    await child.line('ready');
    return child;
  }

  /** Starts a process. */
  launch(task: 'register' | 'open', options: LifeOptions = {}): Child {
    this.#lives += 1;
    const { userId, deviceId, store } = this;
    const { url } = this.#world;
    const fixed = { task, url, store, trace: this.#trace, userId, deviceId, life: this.#lives, echoes: false };
    this.#child = this.#world.adopt(Child.program('client-child.mjs', { ...fixed, ...options }));
    return this.#child;
  }
}

/** A directory, a relay and devices, each in its own process. */
export class World {
  readonly directory = mkdtempSync(join(tmpdir(), 'skissm-process-'));
  /** Where the relay listens. */
  url = '';
  readonly #children: Child[] = [];
  #relay: Child | undefined;
  #port = 0;

  path(name: string): string {
    return join(this.directory, name);
  }

  /** Has the child ended with the world. */
  adopt(child: Child): Child {
    this.#children.push(child);
    return child;
  }

  get relay(): Child {
    if (this.#relay === undefined) throw new Error('the relay is not running');
    return this.#relay;
  }

  /** Starts the relay, on the port that it had before, and waits until it listens. */
  async startRelay(death?: Death): Promise<Child> {
    const argument = { store: this.path('relay.db'), trace: this.path('relay.trace'), port: this.#port, death };
    this.#relay = this.adopt(Child.program('relay-child.mjs', argument));
    const { ready, port } = await this.#relay.line('ready');
    this.url = String(ready);
    this.#port = Number(port);
    return this.#relay;
  }

  /** Starts the relay of the command line instead, and waits until it listens. */
  async startCommandLineRelay(): Promise<Child> {
    const words = ['relay', '--port', String(this.#port), '--data', this.path('relay'), '--domain', 'example.org', '--open', '--json'];
    this.#relay = this.adopt(new Child([commandLine, ...words, '--log', this.path('relay.log')]));
    const { url } = await this.#relay.line('url');
    this.url = String(url);
    this.#port = Number(new URL(this.url).port);
    return this.#relay;
  }

  device(userId: string, deviceId = 'one'): Device {
    return new Device(this, userId, deviceId);
  }

  /** A registered, running device. */
  async join(userId: string, deviceId = 'one', options: LifeOptions = {}): Promise<Device> {
    const device = this.device(userId, deviceId);
    await device.start('register', options);
    return device;
  }

  /** Ends every process and removes the directory. */
  async end(): Promise<void> {
    await Promise.all(this.#children.map((child) => child.kill()));
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** A new world with a relay before each test of the enclosing block. */
export function useWorld(relay: 'child' | 'command line' = 'child'): () => World {
  let world: World;
  beforeEach(async () => {
    world = new World();
    await (relay === 'child' ? world.startRelay() : world.startCommandLineRelay());
  });
  afterEach(async () => {
    await world.end();
  });
  return () => world;
}
