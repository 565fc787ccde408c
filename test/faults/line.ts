/** The network between one device and the relay: a proxy that cuts, holds up, slows down, and forgets connections without telling anybody. */
import { once } from 'node:events';
import { type AddressInfo, type Server, type Socket, connect, createServer } from 'node:net';

type Direction = 'up' | 'down';

interface Pair {
  readonly near: Socket;
  readonly far: Socket;
  readonly queues: Readonly<Record<Direction, Buffer[]>>;
  /** Both ends think that they are connected, and nothing passes. */
  isHalfOpen: boolean;
}

/** The line of one device. */
export class Line {
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  readonly #target: () => number;
  readonly #stalled: Record<Direction, boolean> = { up: false, down: false };
  #break: { readonly direction: Direction; bytes: number } | undefined;
  #isDown = false;
  #port = 0;

  /** `target`: the port where the relay listens; it may change. */
  private constructor(target: () => number) {
    this.#target = target;
    this.#server = createServer((near) => this.#accept(near));
  }

  /** A line that listens on a port of its own. */
  static async open(target: () => number): Promise<Line> {
    const line = new Line(target);
    line.#server.listen(0, '127.0.0.1');
    await once(line.#server, 'listening');
    line.#port = (line.#server.address() as AddressInfo).port;
    return line;
  }

  /** What the client connects to. */
  get url(): string {
    return `ws://127.0.0.1:${this.#port}/`;
  }

  /** Ends every connection that is known to be one. */
  cut(): void {
    this.#break = undefined;
    for (const pair of this.#pairs) if (!pair.isHalfOpen) destroy(pair);
  }

  /** Connections end, and none can be made, until {@link mend}. */
  disconnect(): void {
    this.#isDown = true;
    this.cut();
  }

  /** Bytes of these directions wait until {@link mend}. */
  stall(up: boolean, down: boolean): void {
    Object.assign(this.#stalled, { up, down });
  }

  /** The connection ends in the middle of a frame: after so many bytes more. */
  breakAfter(direction: Direction, bytes: number): void {
    this.#break = { direction, bytes };
  }

  /** What is open now carries nothing any more, and nobody is told. */
  halfOpen(): void {
    for (const pair of this.#pairs) pair.isHalfOpen = true;
  }

  /** The line is as it should be; connections that were forgotten stay so. */
  mend(): void {
    this.#isDown = false;
    this.#break = undefined;
    this.stall(false, false);
    for (const pair of this.#pairs) for (const direction of ['up', 'down'] as const) this.#move(pair, direction);
  }

  async close(): Promise<void> {
    for (const pair of this.#pairs) destroy(pair);
    this.#server.close();
    await once(this.#server, 'close');
  }

  #accept(near: Socket): void {
    near.on('error', () => undefined);
    if (this.#isDown) {
      near.destroy();
      return;
    }
    const far = connect(this.#target(), '127.0.0.1');
    far.on('error', () => undefined);
    const pair: Pair = { near, far, queues: { up: [], down: [] }, isHalfOpen: false };
    this.#pairs.add(pair);
    near.on('data', (chunk: Buffer) => this.#take(pair, 'up', chunk));
    far.on('data', (chunk: Buffer) => this.#take(pair, 'down', chunk));
    near.on('close', () => this.#ended(pair, near));
    far.on('close', () => this.#ended(pair, far));
  }

  #ended(pair: Pair, ended: Socket): void {
    const other = ended === pair.near ? pair.far : pair.near;
    if (pair.isHalfOpen && !other.destroyed) return;
    // What had arrived before the end goes on its way, and then the end.
    if (!pair.isHalfOpen) other.end(() => other.destroy());
    if (other.destroyed) this.#pairs.delete(pair);
  }

  #take(pair: Pair, direction: Direction, chunk: Buffer): void {
    if (pair.isHalfOpen) return;
    pair.queues[direction].push(chunk);
    this.#move(pair, direction);
  }

  #move(pair: Pair, direction: Direction): void {
    const to = direction === 'up' ? pair.far : pair.near;
    const queue = pair.queues[direction];
    while (!this.#stalled[direction] && !pair.isHalfOpen) {
      const chunk = queue.shift();
      if (chunk === undefined || to.destroyed) return;
      const breaking = this.#break;
      if (breaking?.direction !== direction) to.write(chunk);
      else if (chunk.length < breaking.bytes) {
        breaking.bytes -= chunk.length;
        to.write(chunk);
      } else {
        this.#break = undefined;
        to.write(chunk.subarray(0, breaking.bytes), () => destroy(pair));
        return;
      }
    }
  }
}

function destroy({ near, far }: Pair): void {
  near.destroy();
  far.destroy();
}
