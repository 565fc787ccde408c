/**
 * One process of a story: a relay or one client, over SQLite and WebSocket, as the commands of its standard input say. Commands are lines of JSON
 * `{ id, do, … }`, each is answered with `{ id, result }` or `{ id, error }`. What must outlive the process goes to a file of notes.
 */
import { createInterface } from 'node:readline';
import { E2eeError } from '../../lib/base/errors.js';
import { HostedClient } from './hosted-client.js';
import { HostedRelay } from './hosted-relay.js';

type Hosted = HostedClient | HostedRelay;

let hosted: Hosted | undefined;

async function carryOut(name: string, words: Record<string, unknown>): Promise<unknown> {
  switch (name) {
    case 'relay':
      hosted = await HostedRelay.start(words as unknown as Parameters<typeof HostedRelay.start>[0]);
      return { port: hosted.port };
    case 'client':
      hosted = await HostedClient.start(words as unknown as Parameters<typeof HostedClient.start>[0]);
      return null;
    case 'release': {
      const leaving = hosted;
      hosted = undefined;
      return leaving?.close();
    }
    default: {
      if (hosted === undefined) throw new Error(`${name}: nothing runs here`);
      const command = (hosted.commands as Readonly<Record<string, (words: never) => unknown>>)[name];
      if (command === undefined) throw new Error(`${name} is not known`);
      return command(words as never);
    }
  }
}

function answer(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

process.on('unhandledRejection', (error) => {
  answer({ trouble: error instanceof Error ? (error.stack ?? error.message) : String(error) });
});

const commands = createInterface({ input: process.stdin });
commands.on('line', (line) => {
  const { id, do: name, ...words } = JSON.parse(line) as { id: number; do: string } & Record<string, unknown>;
  carryOut(name, words).then(
    (result) => answer({ id, result: result ?? null }),
    (error: unknown) => {
      const isOurs = error instanceof E2eeError;
      const message = error instanceof Error ? (isOurs ? error.message : (error.stack ?? error.message)) : String(error);
      answer({ id, error: { code: isOurs ? error.code : 'unexpected', message } });
    },
  );
});
// Whoever gave the commands is gone: nothing that runs here is needed.
commands.on('close', () => process.exit());
