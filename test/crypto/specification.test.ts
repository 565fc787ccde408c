/** The table of crypto.md §13: formulas of the specification, spelled out over the primitives. */
import { describe, expect, test } from '@jest/globals';
import { concat, toHex, utf8 } from '../../lib/base/bytes.js';
import { open, seal } from '../../lib/crypto/aead.js';
import { messageKeys, sealStep, walkChain } from '../../lib/crypto/chain.js';
import { hkdf } from '../../lib/crypto/kdf.js';
import { chainSecret } from '../support/chain-secret.js';
import { sha256Algorithm } from '../../lib/crypto/hash.js';

/** S(n) of the table: bytes 0, 1, … modulo 256. */
const counting = (length: number, from = 0) => Uint8Array.from({ length }, (_, index) => index + from);
const zero = new Uint8Array(32);
const chainKey = () => chainSecret(counting(32));
const step = (key: Uint8Array, salt: string) => hkdf(sha256Algorithm, key, utf8(salt), Uint8Array.of(2), 32);
const fingerprint = (keys: number) =>
  hkdf(sha256Algorithm, concat(Array.from({ length: keys }, (_, index) => counting(1568, index + 1))), zero, utf8('Fingerprint'), 64);
const helperData = (purpose: 'data' | 'file') =>
  concat([utf8(`E2EES ---> ${purpose} encryption with AES256/GCM/Nopadding algorithm`), new Uint8Array(2)]);

const rows: readonly (readonly [string, () => Uint8Array, string])[] = [
  [
    'ROOT of 128 bytes',
    () => hkdf(sha256Algorithm, counting(128), zero, utf8('ROOT'), 64),
    '693c631805847ff940cd43cd95597987847fcc37a93dd651f434ab7116dd50eeed9efb9b929874541663a033593932e804484e067f070ce72522325a6491220d',
  ],
  [
    'ROOT of 96 bytes',
    () => hkdf(sha256Algorithm, counting(96), zero, utf8('ROOT'), 64),
    '7d0c6eedeb122ff5dce2bc7a1aca9d23f471963286a4a0c5fa458bfec95fe13694f265958e49a7ab9d38fb35cd81e508401fd5d54542dea8a73cc5781300f5d6',
  ],
  [
    'STEP',
    () => hkdf(sha256Algorithm, counting(32, 0x40), counting(32), utf8('RATCHET'), 64),
    '1cb54321b45c60a75f81aa5d48c4b774c594d276d2d80d92f25d8f5d21fd74db2df5cedfdb970db3dbfba3e52fbc3223640c4963162ace5b34e8056f1d9a0ad0',
  ],
  ['NEXT', () => walkChain(chainKey(), 1).expose(), '4304c22c84a53755ab08ead8d97a8d429be5efa480682d7ad1da27f73e1fbe1d'],
  [
    'MSGKEY',
    () => messageKeys(chainKey(), 1)[0]!.expose(),
    '4feac64fa281959b910d20f1fd663199513c6fe34058c8bf82b7e5b44a2ba132f95e985de8f35ddb339d8a3f7f0aea0a',
  ],
  [
    'GCM with that key',
    () => sealStep(chainKey(), Uint8Array.of(1, 2, 3, 4), utf8('hello')).sealed,
    '27de3b9758764ca9bbd6c45c46462815a2eb95e6b5',
  ],
  ['WELCOME', () => step(counting(32), 'welcome'), '9009ef33a6a62648becb7aebc72b0a35490e316fcced0252704921028625230f'],
  ['ADD', () => step(counting(32), 'add'), '6ae5463352ee24c76cf81a9aaac9f7594945e2823d5b12634c5923d97a83a8ab'],
  ['ADD of WELCOME', () => step(step(counting(32), 'welcome'), 'add'), 'b6d76cdbfa135a56319ae28b80cc50d59653b09e19a4a738e236b348eb50c7f5'],
  [
    'the first chain key of a group member',
    () => hkdf(sha256Algorithm, concat([counting(32), counting(2592)]), zero, utf8('ROOT'), 32),
    '87f610a262d283c7a62045b5276eb25aacd3bddfd2e4358745417b94d21dcf20',
  ],
  [
    'the fingerprint of four keys',
    () => fingerprint(4),
    '2608837f7cb9d21e499a1d673a4c0d511f4c8a4d8f2308a0b0164dbd8bb41868ba92ce92cba8d5745ab3f5e65fba5a45203b8b77f310a45d78a6fa965eaea69f',
  ],
  [
    'the fingerprint of three keys',
    () => fingerprint(3),
    'b8c6817a0ae780a489260599f48205b6aeb741eb055f0912b2047fc32b1fcc29ef2f66b833f1826085801cf718566ca56a500a195937a8b5957f3804127c7132',
  ],
  [
    'the data helper',
    () => seal(counting(32), new Uint8Array(12), helperData('data'), utf8('hello')),
    '66d9d9b2da8fce1a661bcda89b43c7de6618013647',
  ],
  [
    'the file key of a password',
    () => hkdf(sha256Algorithm, utf8('pw'), new Uint8Array(0), utf8('FILE'), 32),
    '13f8e3ccebd48726b7987436c3239aac30d9a313d7efaa141d03952a60bdf69e',
  ],
  [
    'the file helper',
    () =>
      seal(hkdf(sha256Algorithm, utf8('pw'), new Uint8Array(0), utf8('FILE'), 32), new Uint8Array(12), helperData('file'), utf8('hello')),
    'd57d8d45391fe4a508015d393eedcd4adb7c986302',
  ],
];

describe('the table of test vectors in the specification', () => {
  test.each(rows)('%s', (_name, compute, expected) => {
    expect(toHex(compute())).toBe(expected);
  });

  test('what the data helper sealed opens again', () => {
    const sealed = seal(counting(32), new Uint8Array(12), helperData('data'), utf8('hello'));
    expect(open(counting(32), new Uint8Array(12), helperData('data'), sealed)).toEqual(utf8('hello'));
  });
});
