import { formatAddress, formatGroupAddress, type ReceivedMessage } from '../index.js';
import { printable, printableName, toJsonContent } from './content.js';
import type { GroupNames } from './group/group-names.js';
import { withoutLineEnding } from './lines.js';
import type { Output } from './output.js';

/** Prints a received message; resolves when it is written. With `raw` its bytes and nothing else. Rejects when the reader is gone. */
export async function printMessage(message: ReceivedMessage, names: GroupNames, output: Output, raw: boolean): Promise<void> {
  if (raw) return output.raw(message.bytes);
  const from = formatAddress(message.from);
  const group =
    message.group === undefined ? undefined : { id: formatGroupAddress(message.group), name: await names.nameOf(message.group) };
  const mark = message.kind === 'own-device-copy' ? ' (sent from there)' : '';
  const where = group === undefined ? '' : `[${printableName(group.name)}] `;
  return output.result(
    {
      event: 'message',
      from,
      kind: message.kind,
      ...(group === undefined ? {} : { group: group.id, groupName: group.name }),
      messageId: message.messageId,
      receivedAt: new Date(message.receivedAt).toISOString(),
      length: message.bytes.length,
      ...(output.json ? toJsonContent(message.bytes) : {}),
    },
    `${where}${from}${mark}: ${printable(withoutLineEnding(message.bytes))}`,
  );
}
