/**
 * The thread that owns the database of one store. It answers every call in order, and ends after `close` or when the outcome of a commit
 * is unknown.
 */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { InternalError, unreachable } from '../../base/errors.js';
import { copySecret } from '../../base/secret.js';
import type { Answer, Call, Failure, Opening } from './call.js';
import { StoreDatabase } from './database.js';
import { storeError } from './failure.js';
import { packRows } from './packed.js';

function serve(port: MessagePort, opening: Opening): void {
  let database: StoreDatabase;
  try {
    database = StoreDatabase.open(opening);
  } catch (error) {
    answer(port, { id: 0, failure: failureOf(error) });
    return;
  }
  let timer: NodeJS.Timeout | undefined;
  const scheduleCheckpoint = (): void => {
    timer ??= setTimeout(() => {
      timer = undefined;
      try {
        database.checkpoint();
      } catch {
        // Nothing is lost: the log is still whole, and the next commit schedules the next attempt.
      }
    }, opening.checkpointDelay);
  };
  port.on('message', (call: Call) => {
    let result: Answer;
    try {
      result = { id: call.id, bytes: perform(database, call) };
      if (call.kind === 'commit') scheduleCheckpoint();
    } catch (error) {
      result = { id: call.id, failure: failureOf(error) };
    }
    const unknown = result.failure?.code === 'outcome-unknown';
    if (unknown) closeQuietly(database);
    answer(port, result);
    if (unknown || call.kind === 'close') {
      clearTimeout(timer);
      port.close();
    }
  });
  answer(port, { id: 0 });
}

function perform(database: StoreDatabase, call: Call): Uint8Array | undefined {
  switch (call.kind) {
    case 'get':
      return transferable(database.get(call.table, call.key));
    case 'list': {
      const rows = database.list(call.table, call);
      const packed = packRows(rows);
      for (const { value } of rows) value.fill(0);
      return packed;
    }
    case 'commit':
      try {
        database.commit(call.packed);
      } finally {
        call.packed.fill(0);
      }
      return undefined;
    case 'close':
      database.close();
      return undefined;
    default:
      return unreachable(call);
  }
}

function answer(port: MessagePort, message: Answer): void {
  const bytes = message.failure === undefined ? message.bytes : undefined;
  port.postMessage(message, bytes === undefined ? [] : [bytes.buffer as ArrayBuffer]);
}

/** After an unknown outcome the connection is of no use; what it cannot do any more, the end of the thread does. */
function closeQuietly(database: StoreDatabase): void {
  try {
    database.close();
  } catch {
    // The caller learns the unknown outcome, which is worse.
  }
}

/** The bytes in a buffer that holds nothing else, so that handing it over hands over nothing else. */
function transferable(bytes: Uint8Array | undefined): Uint8Array | undefined {
  if (bytes === undefined || bytes.buffer.byteLength === bytes.length) return bytes;
  const copy = copySecret(bytes);
  bytes.fill(0);
  return copy;
}

function failureOf(error: unknown): Failure {
  const { code, message } = storeError(error);
  return { code, message };
}

if (parentPort === null) throw new InternalError('no-worker', 'this file runs as a worker only');
serve(parentPort, workerData as Opening);
