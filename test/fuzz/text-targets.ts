/** Texts and sealed data from outside: keys of files, sealed data, addresses and content on the command line, push ids. */
import { fromUtf8, utf8 } from '../../lib/base/bytes.js';
import { formatAddress, formatGroupAddress, parseDeviceAddress, parseGroupAddress, parseUserAddress } from '../../lib/base/address.js';
import { E2eeError } from '../../lib/base/errors.js';
import { fromJsonContent, printable, printableName, toJsonContent } from '../../lib/cli/content.js';
import { decryptData, encryptData } from '../../lib/file/data.js';
import { importFileKey } from '../../lib/file/file-key.js';
import { decodeFileKey, encodeFileKey } from '../../lib/file/key-text.js';
import { makePushId, splitPushId } from '../../lib/server/push-id.js';
import { byteDamage, decoderTarget, kind } from './decoder-target.js';
import { Finding, type Target } from './target.js';

const fileKey = importFileKey(new Uint8Array(32).fill(5));

/** What `printable` lets through must not steer a terminal. */
function checkPrintable(bytes: Uint8Array): string {
  const shown = printable(bytes);
  if (/[^\P{Cc}\t\n]/u.test(shown) || /\p{Cc}/u.test(printableName(shown))) throw new Finding('a control character is shown');
  return shown;
}

/** Texts and sealed data. */
export function textTarget(): Target {
  const sealed = encryptData(utf8('sealed'), { key: fileKey }).sealed;
  const pushId = makePushId(7, new Uint8Array(8));
  return decoderTarget(
    [
      kind('key text', [encodeFileKey(fileKey).expose()], decodeFileKey, (key) => encodeFileKey(key).expose()),
      kind('sealed data', [sealed], (bytes) => decryptData(bytes, fileKey)),
      kind(
        'user address',
        [utf8('alice@example.org')],
        (bytes) => parseUserAddress(fromUtf8(bytes)),
        (value) => utf8(formatAddress(value)),
      ),
      kind(
        'device address',
        [utf8('alice@example.org/phone')],
        (bytes) => parseDeviceAddress(fromUtf8(bytes)),
        (value) => utf8(formatAddress(value)),
      ),
      kind(
        'group address',
        [utf8('id@example.org')],
        (bytes) => parseGroupAddress(fromUtf8(bytes)),
        (value) => utf8(formatGroupAddress(value)),
      ),
      kind('content', [utf8('text'), Uint8Array.of(0xff, 0)], (bytes) => {
        if (Buffer.compare(fromJsonContent(toJsonContent(bytes)), bytes) !== 0) throw new Finding('content does not come back from JSON');
        return checkPrintable(bytes);
      }),
      kind('push id', [utf8(pushId)], (bytes) => splitPushId(Buffer.from(bytes).toString('latin1'))),
    ],
    E2eeError,
    ['key-text', 'not-authentic', 'address', 'utf-8'],
    byteDamage,
  );
}
