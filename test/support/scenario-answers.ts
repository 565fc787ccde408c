/** A transport on which a test answers for the relay. */
import type { Transport } from '../../lib/transport/transport.js';
import type { RequestName } from '../../lib/wire/request.js';

/** Answers requests for which `answer` gives something; the others go to the relay behind `inner`. */
export function answering(inner: Transport, answer: (name: RequestName, body: Uint8Array) => Uint8Array | undefined): Transport {
  return {
    async connect(options) {
      const connection = await inner.connect(options);
      return {
        welcome: connection.welcome,
        closed: connection.closed,
        push: (message) => connection.push(message),
        close: () => connection.close(),
        request: async (name, body, requestOptions) => {
          const other = answer(name, body);
          return other === undefined ? connection.request(name, body, requestOptions) : other;
        },
      };
    },
  };
}
