/** No device seals two messages with one key and IV: counter mode under the same pair adds the same bytes to both plaintexts. */
import { utf8 } from '../../lib/base/bytes.js';
import type { World } from './world.js';

/** Bytes that are compared: two pairs never agree in so many. */
const compared = 16;

/** Messages of groups that were sealed with the key and IV of another of the same sender. */
export function repeatedKeys({ traffic, ledger }: World): string[] {
  const texts = new Map(ledger.all.flatMap((sent) => (sent.kind === 'to-group' ? [[sent.messageId, sent.text] as const] : [])));
  const seen = new Map<string, { readonly ciphertext: string; readonly text: string }>();
  const found: string[] = [];
  for (const { from, messageId, ciphertext } of traffic.messages) {
    const text = texts.get(messageId);
    // The caller of a send that a crash cut off never learnt the id.
    if (text === undefined) continue;
    const plaintext = utf8(text);
    const added =
      from + Buffer.from(ciphertext.subarray(0, compared).map((byte, position) => byte ^ (plaintext[position] ?? 0))).toString('hex');
    const before = seen.get(added);
    const hex = Buffer.from(ciphertext).toString('hex');
    if (before !== undefined && before.ciphertext !== hex) found.push(`one key and IV sealed two messages: ${before.text}, ${text}`);
    seen.set(added, { ciphertext: hex, text });
  }
  return found;
}
