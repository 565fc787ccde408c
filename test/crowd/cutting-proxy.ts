/** A line that breaks: passes bytes between clients and a relay, and cuts every connection somewhere, in the middle of what is on its way. */
import { type Server, type Socket, createConnection, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import type { Dice } from '../stories/dice.js';

/** Where it leads, and how long its connections live. */
export interface CuttingOptions {
  readonly port: number;
  /** A connection ends after half as many to one and a half times as many bytes, both directions together. */
  readonly bytesPerConnection: number;
  readonly dice: Dice;
}

/** One proxy on loopback. */
export class CuttingProxy {
  readonly #server: Server;
  readonly #options: CuttingOptions;
  readonly #sockets = new Set<Socket>();
  #cuts = 0;
  #isCutting = true;

  private constructor(options: CuttingOptions) {
    this.#options = options;
    this.#server = createServer((client) => {
      this.#join(client);
    });
  }

  static async open(options: CuttingOptions): Promise<CuttingProxy> {
    const proxy = new CuttingProxy(options);
    await new Promise<void>((resolve) => {
      proxy.#server.listen(0, '127.0.0.1', resolve);
    });
    return proxy;
  }

  /** What clients connect to. */
  get url(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  /** Connections that were cut. */
  get cuts(): number {
    return this.#cuts;
  }

  /** Lets all connections live from now on. */
  stopCutting(): void {
    this.#isCutting = false;
  }

  /** Takes no more connections and ends those that are open. */
  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #join(client: Socket): void {
    const { port, bytesPerConnection, dice } = this.#options;
    const relay = createConnection({ host: '127.0.0.1', port });
    let left = Math.ceil(bytesPerConnection / 2) + dice.below(bytesPerConnection);
    let isCut = false;
    const end = (): void => {
      client.destroy();
      relay.destroy();
    };
    const pass = (from: Socket, to: Socket): void => {
      this.#sockets.add(from);
      from.setNoDelay(true);
      from.on('error', end);
      from.on('close', () => {
        this.#sockets.delete(from);
        end();
      });
      from.on('data', (bytes: Buffer) => {
        if (isCut) return;
        if (this.#isCutting && bytes.length >= left) {
          this.#cuts += 1;
          isCut = true;
          // A torn frame reaches the other side, the rest is lost.
          to.write(bytes.subarray(0, left), end);
          return;
        }
        left -= bytes.length;
        if (!to.write(bytes)) from.pause();
      });
      to.on('drain', () => {
        from.resume();
      });
    };
    pass(client, relay);
    pass(relay, client);
  }
}
