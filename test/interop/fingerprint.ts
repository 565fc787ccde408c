/** `fingerprint-*`: what people compare, and what every message is bound to. Spec: crypto.md §5, §6.3. */
import { sessionAssociatedData, sessionFingerprint } from '../../lib/session/fingerprint.js';
import { type JsonObject, bytes, objects } from '../support/vectors-json.js';
import { type VectorCase, checkBytes } from '../vectors/vector-case.js';
import { base64, checkEqual, checkSuite, optionalBase64, suiteOf } from './interop-file.js';
import { sha256Algorithm } from '../../lib/crypto/hash.js';

/** One case per session in the file. */
export function fingerprintCases(file: JsonObject): VectorCase[] {
  return [
    { name: 'suite', run: () => checkSuite(file) },
    ...objects(file, 'cases').map((entry, position): VectorCase => ({
      name: `session ${position}`,
      run: () => {
        const initiatorIdentity = base64(entry, 'inviter_identity_key_b64');
        const responderIdentity = base64(entry, 'invitee_identity_key_b64');
        const signedPreKey = base64(entry, 'invitee_signed_pre_key_b64');
        const oneTimePreKey = optionalBase64(entry, 'invitee_one_time_pre_key_b64');
        for (const key of [initiatorIdentity, responderIdentity, signedPreKey, oneTimePreKey]) {
          if (key !== undefined) checkEqual('length of a key', key.length, suiteOf(file).agreement.publicKeyLength);
        }
        checkBytes('associated data', sessionAssociatedData(initiatorIdentity, responderIdentity), base64(entry, 'associated_data_b64'));
        const fingerprint = sessionFingerprint(sha256Algorithm, { initiatorIdentity, responderIdentity, signedPreKey, oneTimePreKey });
        checkBytes('fingerprint', fingerprint, bytes(entry, 'fingerprint_hex'));
      },
    })),
  ];
}
