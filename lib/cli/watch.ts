import { formatAddress, formatGroupAddress, type ClientEvent, type EventHandler } from '../index.js';
import { printableName } from './content.js';
import { describeError } from './exit-codes.js';
import type { Output } from './output.js';

/** Events that repeat what a command prints anyway. */
const repeated: readonly ClientEvent['type'][] = ['message', 'own-device-message', 'group-message', 'registered'];

/** Events of everyday work: a program may want them, a person does not. */
const everyday: readonly ClientEvent['type'][] = [
  'invited',
  'session-ready',
  'pre-keys-supplied',
  'signed-pre-key-renewed',
  'group-keys-received',
  'group-ready',
  'push',
];

/** Reports what happens to an account besides messages: as events with `--json`, else as remarks on standard error. */
export function reportTo(output: Output): EventHandler {
  let isOffline = false;
  return {
    onEvent(event) {
      if (repeated.includes(event.type) || isOwnEnd(event)) return;
      if (!output.json && everyday.includes(event.type)) return;
      if (!output.json && event.type === 'connection') {
        // Every further attempt fails the same way, and a person only wants to know that it is so.
        const wasOffline = isOffline;
        isOffline = event.state === 'disconnected';
        if (wasOffline === isOffline) return;
      }
      const fields = fieldsOf(event);
      // Some of the texts are a peer's: the name of a group.
      const text = Object.entries(fields).map(([name, value]) => `${name} ${printableName(String(value))}`);
      // A reader that has gone is told by the next result.
      output.remark({ ...fields, event: nameOf(event) }, `note: ${nameOf(event)}: ${text.join(', ')}`).catch(() => undefined);
    },
  };
}

/** The command itself has closed the connection. */
function isOwnEnd(event: ClientEvent): boolean {
  return event.type === 'connection' && event.state === 'disconnected' && event.reason === 'closed' && event.retryIn === undefined;
}

/** `error` is the line with which a command ends. */
function nameOf(event: ClientEvent): string {
  return event.type === 'error' ? 'failure' : event.type;
}

function fieldsOf(event: ClientEvent): Record<string, unknown> {
  const fields = Object.entries(event).filter(([name, value]) => name !== 'type' && value !== undefined);
  return Object.fromEntries(fields.flatMap(([name, value]: [string, unknown]) => plain(name, value)));
}

function plain(name: string, value: unknown): [string, unknown][] {
  if (name === 'error') return Object.entries(describeError(value));
  if (Array.isArray(value)) return [[name, value.map((one: unknown) => addressOf(one) ?? one)]];
  if (typeof value !== 'object' || value === null) return [[name, value]];
  const address = addressOf(value);
  return address === undefined ? [] : [[name, address]];
}

/** The address of a user, a device, a member of a group or a group, as text. */
function addressOf(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || !('domain' in value) || typeof value.domain !== 'string') return undefined;
  const { domain } = value;
  if ('groupId' in value && typeof value.groupId === 'string') return formatGroupAddress({ domain, groupId: value.groupId });
  if (!('userId' in value) || typeof value.userId !== 'string') return undefined;
  const device = 'deviceId' in value && typeof value.deviceId === 'string' ? { deviceId: value.deviceId } : {};
  return formatAddress({ domain, userId: value.userId, ...device });
}
