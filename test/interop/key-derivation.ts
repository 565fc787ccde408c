/** `key-derivation*`: the derivations of the ratchets, ours and those of groups. Spec: crypto.md §7.1, §8. */
import { concat, utf8 } from '../../lib/base/bytes.js';
import { Secret, copySecret } from '../../lib/base/secret.js';
import { aeadKeyLength, open, seal } from '../../lib/crypto/aead.js';
import { openStep, openWithMessageKey, sealStep } from '../../lib/crypto/chain.js';
import { runInline } from '../../lib/crypto/execute.js';
import { hkdf } from '../../lib/crypto/kdf.js';
import { walk } from '../../lib/ratchet/chain-key.js';
import { messageKeysFrom } from '../../lib/ratchet/message-key.js';
import { type RootAndChainKey, deriveRoot, stepRoot } from '../../lib/ratchet/root-key.js';
import { type JsonObject, bytes, number, objects } from '../support/vectors-json.js';
import { type VectorCase, checkBytes, checkRefused } from '../vectors/vector-case.js';
import { base64, checkEqual, object } from './interop-file.js';
import { chainSecret } from '../support/chain-secret.js';
import { sha256Algorithm } from '../../lib/crypto/hash.js';

type Derivation = (given: JsonObject) => Uint8Array;

const zeroSalt = new Uint8Array(32);
const two = Uint8Array.of(2);

function secret<Kind extends string>(value: Uint8Array): Secret<Kind> {
  return new Secret(copySecret(value));
}

const joined = ({ rootKey, chainKey }: RootAndChainKey) => concat([rootKey.expose(), chainKey.expose()]);

function sealed(given: JsonObject): Uint8Array {
  const key = bytes(given, 'message_key_hex');
  const associatedData = bytes(given, 'associated_data_hex');
  const plaintext = bytes(given, 'plaintext_hex');
  const out = seal(key.subarray(0, aeadKeyLength), key.subarray(aeadKeyLength), associatedData, plaintext);
  checkBytes('opened text', open(key.subarray(0, aeadKeyLength), key.subarray(aeadKeyLength), associatedData, out), plaintext);
  checkBytes('text opened with a kept key', openWithMessageKey(secret(key), associatedData, out), plaintext);
  const damaged = Uint8Array.from(out, (byte, position) => (position === out.length - 1 ? byte ^ 1 : byte));
  checkRefused(() => openWithMessageKey(secret(key), associatedData, damaged));
  return out;
}

/** Name in the file to the derivation of `out_hex`. */
const derivations: Readonly<Record<string, Derivation>> = {
  root_and_chain: (given) => joined(deriveRoot(sha256Algorithm, secret(bytes(given, 'shared_secret_hex')))),
  ratchet_step: (given) => joined(stepRoot(sha256Algorithm, secret(bytes(given, 'root_key_hex')), secret(bytes(given, 'secret_hex')))),
  next_chain_key: (given) => runInline(walk(chainSecret(bytes(given, 'chain_key_hex')), 1)).expose(),
  message_key: (given) => {
    const [key] = runInline(messageKeysFrom(chainSecret(bytes(given, 'chain_key_hex')), 1));
    if (key === undefined) throw new Error('no message key was derived');
    return key.expose();
  },
  group_chain_key: (given) =>
    hkdf(sha256Algorithm, concat([bytes(given, 'seed_hex'), base64(given, 'sign_public_key_b64')]), zeroSalt, utf8('ROOT'), 32),
  group_welcome: (given) => hkdf(sha256Algorithm, bytes(given, 'chain_key_hex'), utf8('welcome'), two, 32),
  group_add: (given) => hkdf(sha256Algorithm, bytes(given, 'chain_key_hex'), utf8('add'), two, 32),
  sealed,
};

/** The one native call of a message against the derivations it is made of. */
function checkFusedStep(entry: JsonObject): void {
  const chainKey = bytes(object(entry, 'message_key'), 'chain_key_hex');
  const messageKey = bytes(object(entry, 'message_key'), 'out_hex');
  const given = object(entry, 'sealed');
  const associatedData = bytes(given, 'associated_data_hex');
  const plaintext = bytes(given, 'plaintext_hex');
  const step = sealStep(chainSecret(chainKey), associatedData, plaintext);
  const key = messageKey.subarray(0, aeadKeyLength);
  checkBytes('sealed text', step.sealed, seal(key, messageKey.subarray(aeadKeyLength), associatedData, plaintext));
  checkBytes('opened text', openStep(chainSecret(chainKey), 0, associatedData, step.sealed).plaintext, plaintext);
  checkBytes('next chain key', step.nextChainKey.expose(), runInline(walk(chainSecret(chainKey), 1)).expose());
}

/** One case per derivation in the file. */
export function keyDerivationCases(file: JsonObject): VectorCase[] {
  const form: VectorCase = {
    name: 'lengths',
    run: () => {
      checkEqual('length of a message key', number(file, 'message_key_len'), 48);
      checkEqual('length of a nonce', number(file, 'gcm_nonce_len'), 16);
    },
  };
  const cases = objects(file, 'cases').flatMap((entry, position): VectorCase[] => [
    ...Object.keys(entry).map((name): VectorCase => ({
      name: `${position} ${name}`,
      run: () => {
        const derive = derivations[name];
        if (derive === undefined) throw new Error('this derivation is not known');
        const given = object(entry, name);
        checkBytes('out', derive(given), bytes(given, 'out_hex'));
      },
    })),
    { name: `${position} fused step`, run: () => checkFusedStep(entry) },
  ]);
  return [form, ...cases];
}
