/** What `skissm listen` sends: lines of standard input, to one place or each to where it says. */
import { addAbortSignal } from 'node:stream';
import { UsageError, type Client, type GroupAddress, type UserAddress } from '../index.js';
import { fromJsonContent } from './content.js';
import { findGroup } from './group/known-group.js';
import { linesOf } from './lines.js';
import { userAddress } from './options.js';
import type { Outgoing } from './sending.js';

/** Bytes of one line of JSON input: the largest message with every byte escaped. */
const longestJsonLine = 8 * 1024 * 1024;

/** Where lines go that do not say it. */
export interface InputOptions {
  readonly to?: UserAddress;
  /** Id or name of a group. */
  readonly group?: string;
  readonly jsonInput?: boolean;
}

/** The lines of standard input as messages, until it ends or the signal is aborted. Throws `UsageError`, and as {@link findGroup} does. */
export async function* outgoingLines(client: Client, options: InputOptions, signal: AbortSignal): AsyncGenerator<Outgoing> {
  const groups = new Map<string, GroupAddress>();
  const groupOf = async (text: string): Promise<GroupAddress> => {
    const address = groups.get(text) ?? (await findGroup(client, text)).address;
    groups.set(text, address);
    return address;
  };
  const input = addAbortSignal(signal, process.stdin);
  for await (const line of linesOf(input, options.jsonInput === true ? longestJsonLine : undefined)) {
    const { bytes, to, group } = options.jsonInput === true ? fromJson(line, options) : { bytes: line, ...options };
    if (group !== undefined) yield { bytes, group: await groupOf(group) };
    else if (to !== undefined) yield { bytes, to };
    else throw new UsageError('arguments', '--to or --group is needed to send');
  }
}

function fromJson(line: Uint8Array, defaults: InputOptions): Pick<InputOptions, 'to' | 'group'> & { readonly bytes: Uint8Array } {
  const value = parsed(line);
  const bytes = fromJsonContent(value);
  if ('group' in value && typeof value.group === 'string') return { bytes, group: value.group };
  if ('to' in value && typeof value.to === 'string') return { bytes, to: userAddress(value.to) };
  return { bytes, ...defaults };
}

function parsed(line: Uint8Array): object {
  try {
    const value: unknown = JSON.parse(Buffer.from(line).toString('utf8'));
    if (typeof value === 'object' && value !== null) return value;
  } catch {
    // Told below: the text of the parser's error would repeat the input.
  }
  throw new UsageError('input', 'a line of standard input is not a JSON object');
}
