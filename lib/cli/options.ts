import { homedir } from 'node:os';
import path from 'node:path';
import { InvalidArgumentError, Option } from 'commander';
import { defaultSuite, parseDeviceAddress, parseUserAddress, suites, type DeviceAddress, type UserAddress } from '../index.js';

/** The options that every command on an account has. */
export interface AccountOptions {
  readonly store: string;
  readonly relay?: string;
  readonly json?: boolean;
  readonly newDevices?: 'accept' | 'ask';
}

/** Where this user's files of the package lie: `$XDG_DATA_HOME/skissm`, by default `~/.local/share/skissm`. */
export function dataDirectory(): string {
  const base = process.env['XDG_DATA_HOME'];
  return path.join(base === undefined || base === '' ? path.join(homedir(), '.local', 'share') : base, 'skissm');
}

/** `--store FILE`. */
export function storeOption(): Option {
  return new Option('--store <file>', 'SQLite file of the account').default(path.join(dataDirectory(), 'account.db')).env('SKISSM_STORE');
}

/** `--relay URL` of commands on a registered account. */
export function relayOption(): Option {
  return new Option('--relay <url>', 'relay to connect to, when it has moved since the registration').env('SKISSM_RELAY');
}

/** `--new-devices WHAT` of commands that send: see `ClientOptions.newDevices`. */
export function newDevicesOption(): Option {
  return new Option('--new-devices <what>', 'send to new devices of known users at once, or ask: see "skissm devices"')
    .choices(['accept', 'ask'])
    .env('SKISSM_NEW_DEVICES');
}

/** `--json`. */
export function jsonOption(): Option {
  return new Option('--json', 'print one JSON object per line');
}

/** `--wait SECONDS`; `what` is waited for. */
export function waitOption(what: string): Option {
  return new Option('--wait <seconds>', `how long to wait for ${what}`).argParser(positiveInteger).default(30);
}

/** `--suite NAME`. */
export function suiteOption(): Option {
  return new Option('--suite <name>', `cipher suite (default: "${defaultSuite.name}")`);
}

/** How suites are named, for `--help`. */
export const suiteHelp = `
Cipher suites have names like "${defaultSuite.name}"; "curve25519" is the classical one. \`skissm suites\` lists all ${suites().length}.`;

/** `--data DIR` of the relay's commands. */
export function dataOption(): Option {
  return new Option('--data <directory>', 'directory of the relay').default(path.join(dataDirectory(), 'relay')).env('SKISSM_RELAY_DATA');
}

/** Reads a whole number above zero. */
export function positiveInteger(text: string): number {
  const value = /^\d{1,9}$/u.test(text) ? Number(text) : 0;
  if (value === 0) throw new InvalidArgumentError('a whole number above 0 is needed.');
  return value;
}

/** Reads a whole number. */
export function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/u.test(text)) throw new InvalidArgumentError('a whole number is needed.');
  return Number(text);
}

/** Reads a TCP port; 0 lets the system choose. */
export function portNumber(text: string): number {
  const port = wholeNumber(text);
  if (port > 65_535) throw new InvalidArgumentError('a port is at most 65535.');
  return port;
}

/** Reads `user@domain`. */
export function userAddress(text: string): UserAddress {
  try {
    return parseUserAddress(text);
  } catch {
    throw new InvalidArgumentError('an address has the form user@domain.');
  }
}

/** Reads `user@domain/device`. */
export function deviceAddress(text: string): DeviceAddress {
  try {
    return parseDeviceAddress(text);
  } catch {
    throw new InvalidArgumentError('the address of a device has the form user@domain/device.');
  }
}

/** Reads an argument or option that may be given several times. */
export function several<T>(parse: (text: string) => T): (text: string, previous: readonly T[] | undefined) => readonly T[] {
  return (text, previous = []) => [...previous, parse(text)];
}
