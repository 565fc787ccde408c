/** A transport that remembers what a client says, so that it can be said again, and oftener. */
import type { ConnectOptions, Connection, Transport } from '../../lib/index.js';

/** The name of a request of the schema. */
export type RequestName = Parameters<Connection['request']>[0];

/** One request and its answer. */
export interface Recorded {
  readonly name: RequestName;
  readonly body: Uint8Array;
  readonly answer: Uint8Array;
}

/** Passes everything on. */
export class RecordingTransport implements Transport {
  readonly requests: Recorded[] = [];
  /** The newest hello. */
  hello: ConnectOptions['hello'] | undefined;
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  async connect(options: ConnectOptions): Promise<Connection> {
    this.hello = options.hello;
    const connection = await this.#transport.connect(options);
    return {
      welcome: connection.welcome,
      closed: connection.closed,
      push: (message) => {
        connection.push(message);
      },
      close: () => connection.close(),
      request: async (name, body, requestOptions) => {
        const answer = await connection.request(name, body, requestOptions);
        this.requests.push({ name, body: body.slice(), answer });
        return answer;
      },
    };
  }

  /** The newest request of that name. Throws when there was none. */
  last(name: RequestName): Recorded {
    const found = this.requests.findLast((request) => request.name === name);
    if (found === undefined) throw new Error(`no ${name} was sent`);
    return found;
  }
}

/** Copies of `body` in which a number of the same length stands in every place of `text`: each is another request to the relay. */
export function numberedCopies(body: Uint8Array, text: string): () => Uint8Array {
  const places: number[] = [];
  const bytes = Buffer.from(body);
  for (let at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, at + 1)) places.push(at);
  if (places.length === 0) throw new Error('the request does not name what is to be counted');
  let number = 0;
  return () => {
    number += 1;
    const copy = Buffer.from(body);
    for (const place of places) copy.write(String(number).padStart(text.length, '0'), place, 'latin1');
    return copy;
  };
}

/** Does `iterations` requests over `connection`, `inFlight` at a time. */
export async function pour(
  connection: Connection,
  { name, next, isGood }: { readonly name: RequestName; next(): Uint8Array; isGood(answer: Uint8Array): boolean },
  iterations: number,
  inFlight: number,
): Promise<void> {
  let left = iterations;
  const lane = async (): Promise<void> => {
    while (left-- > 0) {
      if (!isGood(await connection.request(name, next()))) throw new Error(`the relay has refused ${name}`);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
}
