/**
 * The npm package `pqclean`, from which our C comes: its own native binding where that was built, else its WebAssembly. Our set-up builds no
 * binding, because install scripts do not run.
 */
import { createRequire } from 'node:module';
import type { KemScheme, SignatureScheme } from '../../lib/core.js';
import type { Peer } from '../measure.js';
import type { KemOperation, SignatureOperation } from './operations.js';
import { packagePeer } from './peer.js';

interface KeyPair {
  readonly publicKey: Uint8Array;
  readonly privateKey: Uint8Array;
}

interface PqcleanKem {
  keypair(): KeyPair;
  generateKey(publicKey: Uint8Array): { readonly key: Uint8Array; readonly encryptedKey: Uint8Array };
  decryptKey(privateKey: Uint8Array, encryptedKey: Uint8Array): Uint8Array;
}

interface PqcleanSign {
  keypair(): KeyPair;
  sign(privateKey: Uint8Array, message: Uint8Array): Uint8Array;
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;
}

interface Pqclean {
  readonly KEM: new (algorithm: string) => PqcleanKem;
  readonly Sign: new (algorithm: string) => PqcleanSign;
}

const require = createRequire(import.meta.url);

/** The first of its forms that loads. */
function load(): Pqclean | undefined {
  for (const form of ['pqclean', 'pqclean/wasm']) {
    try {
      return require(form) as Pqclean;
    } catch {
      // Not built, or not installed.
    }
  }
  return undefined;
}

const pqclean = load();
const label = pqclean !== undefined && String(pqclean.KEM).startsWith('class') ? 'pqclean (WebAssembly)' : 'pqclean';

/** As the package names the algorithms: `ml-kem-512`, `mceliece348864f`, `sphincs-sha2-128f-simple`. */
function nameOf(scheme: KemScheme | SignatureScheme): string {
  return scheme.name.toLowerCase().replace('classic mceliece ', 'mceliece').replace('+', '');
}

/** The KEM in `pqclean`, when the package loads. */
export function pqcleanKem(scheme: KemScheme, operation: KemOperation): Peer | undefined {
  if (pqclean === undefined) return undefined;
  const kem = new pqclean.KEM(nameOf(scheme));
  const { publicKey, privateKey } = kem.keypair();
  const { encryptedKey } = kem.generateKey(publicKey);
  const work = {
    keygen: () => kem.keypair(),
    encaps: () => kem.generateKey(publicKey),
    decaps: () => kem.decryptKey(privateKey, encryptedKey),
  };
  return packagePeer('pqclean', work[operation], label);
}

/** The signature scheme in `pqclean`, when the package loads and has it. */
export function pqcleanSignature(scheme: SignatureScheme, operation: SignatureOperation, message: Uint8Array): Peer | undefined {
  if (pqclean === undefined || scheme.code === 0) return undefined;
  const signer = new pqclean.Sign(nameOf(scheme));
  const { publicKey, privateKey } = signer.keypair();
  const signature = signer.sign(privateKey, message);
  const work = {
    keygen: () => signer.keypair(),
    sign: () => signer.sign(privateKey, message),
    verify: () => signer.verify(publicKey, message, signature),
  };
  return packagePeer('pqclean', work[operation], label);
}
