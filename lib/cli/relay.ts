import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Server } from 'node:net';
import { Option, type Command } from 'commander';
import { destination, pino, type Logger } from 'pino';
import { limits, StoreError, UsageError } from '../index.js';
import { listen, openRelay, type Relay, type RelayLimits, type RelayOptions as OpenRelayOptions } from '../server/index.js';
import { openSqliteStore } from '../store/sqlite/index.js';
import { dataOption, jsonOption, portNumber, positiveInteger } from './options.js';
import { Output } from './output.js';
import { requestInvitation, serveControl } from './relay-control.js';
import { makeRelayDirectory, noteRelayDomain, relayDomain, relayStorePath } from './relay-directory.js';
import { aborted, endOfInput, stopSignal } from './signals.js';

interface RelayOptions {
  readonly host: string;
  readonly port: number;
  readonly data: string;
  readonly domain?: string;
  readonly open?: boolean;
  readonly largeKeys?: boolean;
  readonly invitations?: number;
  readonly connections?: number;
  readonly connectionsPerAddress?: number;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly log?: string;
  readonly logLevel: string;
  readonly exitOnEof?: boolean;
  readonly json?: boolean;
}

interface InviteOptions {
  readonly data: string;
  readonly user?: string;
  readonly json?: boolean;
}

const logLevels = ['debug', 'info', 'warn', 'error', 'silent'];

const help = `
The first line of standard output is the address. Everything the relay keeps lies in its data directory.
Registration needs an invitation unless --open is given: "skissm relay invite" prints one, whether the relay runs or not.
SIGINT or SIGTERM stop the relay gracefully.`;

/** Adds `skissm relay` and `skissm relay invite`. */
export function addRelay(program: Command): void {
  const relay = program
    .command('relay')
    .description('run a relay')
    .option('--host <address>', 'address to listen on; anything but loopback needs TLS', '127.0.0.1')
    .option('--port <number>', 'port to listen on; 0 lets the system choose', portNumber, 0)
    .addOption(dataOption())
    .option('--domain <name>', 'domain of the addresses, fixed by the first start (default: "localhost")')
    .option('--open', 'let anyone register, for demonstrations')
    .option('--large-keys', 'take frames of up to 160 MiB, as suites with large public keys need')
    .option('--invitations <number>', 'print so many new invitations after the address', positiveInteger)
    .option('--connections <number>', 'connections at a time (default: 20000)', positiveInteger)
    .option(
      '--connections-per-address <number>',
      'of them from one address; behind a proxy all come from its own (default: 5000)',
      positiveInteger,
    )
    .option('--tls-cert <file>', 'certificate chain, PEM')
    .option('--tls-key <file>', 'private key of the certificate, PEM')
    .option('--log <file>', 'append the log to this file instead of standard error')
    .addOption(new Option('--log-level <level>', 'what to log; addresses of users only at debug').choices(logLevels).default('info'))
    .option('--exit-on-eof', 'stop when standard input ends')
    .addOption(jsonOption())
    .addHelpText('after', help)
    .action(runRelay);
  relay
    .command('invite')
    .description('print a new invitation, good for one registration')
    .option('--user <name>', 'for a further device of this user; without it the invitation is for a new user')
    .addOption(dataOption())
    .addOption(jsonOption())
    .action(async (_: unknown, command: Command) => {
      // The options that it shares with `relay` are read there, wherever they stand.
      await invite(command.optsWithGlobals());
    });
}

async function runRelay(options: RelayOptions): Promise<void> {
  const output = new Output(options.json === true);
  const signal = stopSignal();
  const tls = await readTls(options);
  const domain = await relayDomain(options.data, options.domain);
  await makeRelayDirectory(options.data);
  const logger = pino({ level: options.logLevel }, destination({ dest: options.log ?? 2, sync: true, mode: 0o600 }));
  const relay = await openRelayIn(options.data, domain, {
    logger,
    registration: options.open === true ? 'open' : 'closed',
    limits: relayLimits(options),
  });
  let control: Server | undefined;
  try {
    await noteRelayDomain(options.data, domain);
    const { url } = await listen(relay, { host: options.host, port: options.port, ...(tls === undefined ? {} : { tls }) });
    logger.info({ url }, 'listening');
    await output.result({ event: 'listening', url, domain }, url);
    for (let count = 0; count < (options.invitations ?? 0); count += 1) await printInvitation(output, await relay.createInvitation());
    control = await openControl(options.data, relay, logger);
    await (options.exitOnEof === true ? endOfInput(signal) : aborted(signal));
  } finally {
    control?.close();
    await relay.close();
  }
}

/** The bounds that the command line sets. */
function relayLimits({ largeKeys, connections, connectionsPerAddress }: RelayOptions): Partial<RelayLimits> {
  return {
    ...(largeKeys === true ? { frameLength: limits.largeKeyFrameLength } : {}),
    ...(connections === undefined ? {} : { connections }),
    ...(connectionsPerAddress === undefined ? {} : { connectionsPerAddress, strangersPerAddress: connectionsPerAddress }),
  };
}

/** A relay runs without its control socket where the system gives none, for example because the path is too long; that is only logged. */
async function openControl(data: string, relay: Relay, logger: Logger): Promise<Server | undefined> {
  try {
    return await serveControl(data, async (user) => {
      try {
        return await relay.createInvitation(user === undefined ? {} : { userId: user });
      } catch (error) {
        logger.error({ err: error }, 'no invitation could be made');
        throw error;
      }
    });
  } catch (error) {
    logger.warn({ err: error }, 'no control socket: invitations only with --invitations, or while the relay is stopped');
    return undefined;
  }
}

async function invite(options: InviteOptions): Promise<void> {
  const { data, user } = options;
  const output = new Output(options.json === true);
  if (user !== undefined && !/^\S+$/u.test(user)) throw new UsageError('user', 'a user name is a word');
  if (!existsSync(relayStorePath(data))) throw new StoreError('unavailable', `no relay in ${data}: start it once with "skissm relay"`);
  const fromRunning = await requestInvitation(data, user);
  if (fromRunning !== undefined) {
    await printInvitation(output, fromRunning);
    return;
  }
  const relay = await openRelayIn(data, await relayDomain(data, undefined), {});
  try {
    await printInvitation(output, await relay.createInvitation(user === undefined ? {} : { userId: user }));
  } finally {
    await relay.close();
  }
}

function openRelayIn(data: string, domain: string, options: Omit<OpenRelayOptions, 'store' | 'domain'>): Promise<Relay> {
  return openRelay({ ...options, store: () => openSqliteStore({ path: relayStorePath(data) }), domain });
}

function printInvitation(output: Output, code: string): Promise<void> {
  return output.result({ event: 'invitation', code }, `invitation ${code}`);
}

async function readTls(options: RelayOptions): Promise<{ certificate: string; key: string } | undefined> {
  if (options.tlsCert === undefined && options.tlsKey === undefined) return undefined;
  if (options.tlsCert === undefined || options.tlsKey === undefined)
    throw new UsageError('tls', '--tls-cert and --tls-key belong together');
  try {
    return { certificate: await readFile(options.tlsCert, 'utf8'), key: await readFile(options.tlsKey, 'utf8') };
  } catch (error) {
    throw new UsageError('tls', 'the certificate or its key cannot be read', { cause: error });
  }
}
