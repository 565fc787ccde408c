/** `account-*`: whole accounts and signatures. Spec: wire.md §4, §5, crypto.md §3. */
import type { Account } from '../../lib/account/account.js';
import { currentSignedPreKey } from '../../lib/account/account.js';
import { concat, utf8 } from '../../lib/base/bytes.js';
import { allocateSecret } from '../../lib/base/secret.js';
import { agree, decapsulate, encapsulate, generateAgreementKeyPair, isEncapsulatedTo, isValidPublicKey } from '../../lib/crypto/kem.js';
import type { AgreementKeyPair } from '../../lib/crypto/key-pair.js';
import { addon, callAddon } from '../../lib/crypto/native.js';
import type { AgreementScheme } from '../../lib/crypto/scheme.js';
import { sign, verify } from '../../lib/crypto/signature.js';
import { decodeAccountRecord } from '../../lib/wire/account-record.js';
import { type JsonObject, bytes, flag, number, objects, text } from '../support/vectors-json.js';
import { type VectorCase, check, checkBytes } from '../vectors/vector-case.js';
import { base64, checkEqual, checkSuite, object, suiteOf } from './interop-file.js';

/** Fails unless the two halves have the scheme's lengths and belong to each other. */
function checkAgreementPair(what: string, scheme: AgreementScheme, { publicKey, privateKey }: AgreementKeyPair): void {
  checkEqual(`length of the ${what} public key`, publicKey.length, scheme.publicKeyLength);
  checkEqual(`length of the ${what} private key`, privateKey.length, scheme.privateKeyLength);
  check(isValidPublicKey(scheme, publicKey), `the ${what} public key is not valid`);
  if (scheme.kind === 'kem') {
    const { ciphertext, sharedSecret } = encapsulate(scheme, publicKey);
    check(isEncapsulatedTo(scheme, privateKey, ciphertext), `the ${what} private key does not open what its public key made`);
    checkBytes(`secret of the ${what} key`, decapsulate(scheme, privateKey, ciphertext).expose(), sharedSecret.expose());
    // FIPS 203: dk = dk_PKE || ek || H(ek) || z.
    const start = scheme.privateKeyLength - 64 - scheme.publicKeyLength;
    if (scheme.name.startsWith('ML-KEM')) {
      checkBytes(`derived ${what} public key`, privateKey.expose().subarray(start, start + scheme.publicKeyLength), publicKey);
    }
    return;
  }
  const derived = allocateSecret(scheme.publicKeyLength);
  callAddon(() => addon.x25519PublicKey(privateKey.expose(), derived));
  checkBytes(`derived ${what} public key`, derived, publicKey);
  const other = generateAgreementKeyPair(scheme);
  checkBytes(
    `secret of the ${what} key`,
    agree(scheme, privateKey, other.publicKey).expose(),
    agree(scheme, other.privateKey, publicKey).expose(),
  );
}

function checkIdentity(account: Account): void {
  const { suite, identity } = account;
  checkAgreementPair('identity', suite.agreement, identity.agreement);
  const { publicKey, privateKey } = identity.signing;
  checkEqual('length of the signing public key', publicKey.length, suite.signature.publicKeyLength);
  checkEqual('length of the signing private key', privateKey.length, suite.signature.privateKeyLength);
  const message = utf8('belongs together');
  check(verify(suite.signature, publicKey, message, sign(suite.signature, privateKey, message)), 'the signing keys do not belong together');
}

function checkSignedPreKey(account: Account): void {
  const { keyPair, signature } = currentSignedPreKey(account);
  checkAgreementPair('signed pre-key', account.suite.agreement, keyPair);
  const scheme = account.suite.signature;
  if (scheme.fixedLength) checkEqual('length of the signature', signature.length, scheme.signatureLength);
  check(verify(scheme, account.identity.signing.publicKey, keyPair.publicKey, signature), 'the signature does not verify');
}

function checkFields(encoded: Uint8Array, fields: JsonObject): void {
  const { account, oneTimePreKeys } = decodeAccountRecord(encoded);
  const current = currentSignedPreKey(account);
  // The version is a record's first field and says how to read the others, so decoding does not hand it on.
  const version = bytes(fields, 'version_hex');
  checkBytes('version', encoded.subarray(0, 2 + version.length), concat([Uint8Array.of(0x0a, version.length), version]));
  checkEqual('signed pre-key id', current.id, number(fields, 'spk_id'));
  checkEqual('signed pre-key expiry', current.expires, number(fields, 'spk_ttl'));
  checkEqual('next one-time pre-key id', account.nextOneTimePreKeyId, number(fields, 'next_one_time_pre_key_id'));
  checkEqual('one-time pre-key ids', oneTimePreKeys.map(({ id }) => id).join(), String(fields['opk_ids']));
}

/** Five cases per account, and one per signature. */
export function accountCases(file: JsonObject): VectorCase[] {
  return [
    { name: 'suite', run: () => checkSuite(file) },
    ...objects(file, 'accounts').flatMap((entry): VectorCase[] => {
      const name = text(entry, 'name');
      const encoded = base64(entry, 'account_b64');
      return [
        { name: `${name}: suite`, run: () => checkEqual('suite', decodeAccountRecord(encoded).account.suite, suiteOf(file)) },
        { name: `${name}: fields`, run: () => checkFields(encoded, object(entry, 'fields')) },
        { name: `${name}: identity key`, run: () => checkIdentity(decodeAccountRecord(encoded).account) },
        { name: `${name}: signed pre-key`, run: () => checkSignedPreKey(decodeAccountRecord(encoded).account) },
        {
          name: `${name}: one-time pre-keys`,
          run: () => {
            for (const { id, keyPair } of decodeAccountRecord(encoded).oneTimePreKeys) {
              checkAgreementPair(`one-time pre-key ${id}`, suiteOf(file).agreement, keyPair);
            }
          },
        },
        ...objects(entry, 'verify').map((signed): VectorCase => ({
          name: `${name}: signature, ${text(signed, 'case')}`,
          run: () => {
            const publicKey = base64(signed, 'sign_public_key_b64');
            const accepted = verify(suiteOf(file).signature, publicKey, base64(signed, 'message_b64'), base64(signed, 'signature_b64'));
            checkEqual('whether it is accepted', accepted, flag(signed, 'accepted'));
          },
        })),
      ];
    }),
  ];
}
