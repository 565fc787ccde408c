/** A transport that lets no frame pass whose row is not durable: the test of "commit before send". */
import { RowKeyReader } from '../../lib/store/row-key.js';
import { decodeRecord } from '../../lib/store/record.js';
import { readHandledPush, readOutboxEntry } from '../../lib/store/client/queue-rows.js';
import type { Row, Table } from '../../lib/store/store.js';
import type { Connection, Transport } from '../../lib/transport/transport.js';
import { type RequestName, requests } from '../../lib/wire/request.js';

/** What is durable in a device's store at this moment, read past the client. */
export type DurableRows = (table: Table) => readonly Row[];

/** One request as it left, or was kept from leaving. */
export interface SentRequest {
  readonly name: RequestName;
  readonly body: Uint8Array;
}

/** What a test sees of a device's traffic, and how it interferes. */
export interface Traffic {
  readonly sent: SentRequest[];
  /** Requests that left although nothing durable stood behind them. */
  readonly premature: string[];
  /** Asked before each request: `undefined` lets it pass, an error takes its place, after the request or instead of it. */
  interfere: ((request: SentRequest) => { readonly error: Error; readonly deliver: boolean } | undefined) | undefined;
}

function copyRow({ key, value }: Row): Row {
  return { key: key.slice(), value: value.slice() };
}

function isDurable(rows: DurableRows, { name, body }: SentRequest): boolean {
  const same = (other: Uint8Array): boolean => Buffer.compare(other, body) === 0;
  switch (name) {
    // Asked once by a call that waits; nothing that was stored stands behind them.
    case 'get_pre_key_bundle':
    case 'get_group':
    case 'remove_device':
      return true;
    case 'register_user':
      return rows('account').some(({ key, value }) => {
        if (new RowKeyReader(key).text() !== 'registration') return false;
        return decodeRecord(value.slice(), [1], (reader) => {
          reader.string();
          return same(reader.bytes());
        });
      });
    case 'consume_proto_msg': {
      const { pushId, outcome } = requests.consume_proto_msg.decodeRequest(body);
      return rows('push')
        .filter(({ key }) => new RowKeyReader(key).text() === 'handled')
        .map(copyRow)
        .map(readHandledPush)
        .some(({ id, state }) => id === pushId && state === outcome);
    }
    default:
      return rows('outbox')
        .map(copyRow)
        .map(readOutboxEntry)
        .some((entry) => entry.kind === name && same(entry.body));
  }
}

/** Wraps `inner` for the device whose durable rows `rows` gives. */
export function watchedTransport(inner: Transport, rows: DurableRows, traffic: Traffic): Transport {
  return {
    async connect(options) {
      const connection = await inner.connect(options);
      const watched: Connection = {
        welcome: connection.welcome,
        closed: connection.closed,
        push: (message) => connection.push(message),
        close: () => connection.close(),
        async request(name, body, requestOptions) {
          const request = { name, body: body.slice() };
          if (!isDurable(rows, request)) traffic.premature.push(name);
          traffic.sent.push(request);
          const interference = traffic.interfere?.(request);
          if (interference === undefined) return connection.request(name, body, requestOptions);
          if (interference.deliver) await connection.request(name, body, requestOptions);
          throw interference.error;
        },
      };
      return watched;
    },
  };
}
