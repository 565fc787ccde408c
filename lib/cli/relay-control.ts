/**
 * The control socket of a running relay: its store is open to one process only, so `skissm relay invite` asks that process. The socket lies
 * in the data directory, and who may use it is a matter of file permissions. One line each way: `invite` or `invite USER`, and the code.
 */
import { chmod, rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { TransportError } from '../index.js';
import { linesOf } from './lines.js';
import { controlSocketPath } from './relay-directory.js';

/** Bytes of one line between the two processes. */
const longestLine = 4_096;

/** Silence after which the other process counts as not answering, ms. */
const patience = 10_000;

/** Makes an invitation, for a further device of a user when one is named. */
export type MakeInvitation = (user: string | undefined) => Promise<string>;

/** Serves the control socket until it is closed. A socket left over by a killed relay is replaced: the store's lock says that none runs. */
export async function serveControl(data: string, invite: MakeInvitation): Promise<Server> {
  const file = controlSocketPath(data);
  await rm(file, { force: true });
  const server = createServer((socket) => {
    answer(socket, invite).catch(() => {
      socket.destroy();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(file, resolve);
  });
  await chmod(file, 0o600);
  return server;
}

/** Asks the running relay for an invitation; `undefined` when none runs. Throws `TransportError('refused')` when it gives none. */
export async function requestInvitation(data: string, user: string | undefined): Promise<string | undefined> {
  const socket = await open(controlSocketPath(data));
  if (socket === undefined) return undefined;
  socket.setTimeout(patience, () => socket.destroy());
  socket.write(user === undefined ? 'invite\n' : `invite ${user}\n`);
  try {
    for await (const line of linesOf(socket, longestLine)) return textOf(line);
  } catch (error) {
    throw new TransportError('timeout', 'the running relay does not answer', { cause: error });
  } finally {
    socket.destroy();
  }
  throw new TransportError('refused', 'the running relay gave no invitation; its log says why');
}

async function answer(socket: Socket, invite: MakeInvitation): Promise<void> {
  socket.unref();
  socket.setTimeout(patience, () => socket.destroy());
  for await (const line of linesOf(socket, longestLine)) {
    const asked = /^invite(?: (\S+))?$/u.exec(textOf(line));
    if (asked === null) break;
    socket.write(`${await invite(asked[1])}\n`);
  }
  socket.end();
}

function textOf(line: Uint8Array): string {
  return Buffer.from(line).toString('utf8').trimEnd();
}

function open(file: string): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect(file);
    socket.once('connect', () => {
      resolve(socket);
    });
    socket.once('error', () => {
      resolve(undefined);
    });
  });
}
