/** Checks of published keys that the relay makes so that no stranger is handed a key he must refuse. Spec: server.md §3. */
import { limits } from '../base/limits.js';
import type { CipherSuite } from '../crypto/cipher-suite.js';
import { sha256 } from '../crypto/hash.js';
import type { JobRunner } from '../crypto/execute.js';
import { concat } from '../base/bytes.js';
import type { RegisterUser } from '../wire/account-request.js';
import { Refusal, responseCode } from './refusal.js';

/** Public keys as a request carries them. */
type PublishedKeys = Pick<RegisterUser, 'identityKey' | 'signedPreKey' | 'oneTimePreKeys'>;

/** Lengths, and the owner's signature over the raw key. Throws `Refusal` 400. Spec: crypto.md §3.3. */
export async function checkSignedPreKey(
  suite: CipherSuite,
  identityKey: PublishedKeys['identityKey'],
  { publicKey, signature }: PublishedKeys['signedPreKey'],
  runJobs: JobRunner,
): Promise<void> {
  if (publicKey.length !== suite.agreement.publicKeyLength) {
    throw new Refusal(responseCode.badRequest, 'the signed pre-key has not the length of the suite');
  }
  const [outcome] = await runJobs([
    { operation: 'verify', scheme: suite.signature, publicKey: identityKey.signing, message: publicKey, signature },
  ]);
  if (outcome?.ok !== true || outcome.value !== true) {
    throw new Refusal(responseCode.badRequest, 'the signature of the signed pre-key is not valid');
  }
}

/** Number, distinct ids and lengths. Throws `Refusal` 400. */
export function checkOneTimePreKeys(suite: CipherSuite, keys: PublishedKeys['oneTimePreKeys']): void {
  if (keys.length > limits.oneTimePreKeys) {
    throw new Refusal(responseCode.badRequest, `${keys.length} one-time pre-keys are more than ${limits.oneTimePreKeys}`);
  }
  if (new Set(keys.map(({ id }) => id)).size !== keys.length)
    throw new Refusal(responseCode.badRequest, 'an id of a one-time pre-key is given twice');
  if (keys.some(({ publicKey }) => publicKey.length !== suite.agreement.publicKeyLength)) {
    throw new Refusal(responseCode.badRequest, 'a one-time pre-key has not the length of the suite');
  }
}

/** Names a supply, so that the same one is known when it comes again. */
export function supplyDigest(keys: PublishedKeys['oneTimePreKeys']): Uint8Array {
  const id = new Uint8Array(4);
  const hashes = keys.flatMap((key) => {
    new DataView(id.buffer).setUint32(0, key.id);
    return [id.slice(), sha256(key.publicKey)];
  });
  return sha256(concat(hashes));
}
