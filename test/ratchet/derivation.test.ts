import { describe, expect, test } from '@jest/globals';
import { toHex } from '../../lib/base/bytes.js';
import { Secret, copySecret } from '../../lib/base/secret.js';
import { runInline } from '../../lib/crypto/execute.js';
import { walk } from '../../lib/ratchet/chain-key.js';
import { messageKeysFrom } from '../../lib/ratchet/message-key.js';
import { deriveRoot, stepRoot } from '../../lib/ratchet/root-key.js';
import { Unfinished } from '../../lib/ratchet/unfinished.js';
import { chainSecret } from '../support/chain-secret.js';
import { sha256Algorithm } from '../../lib/crypto/hash.js';

function counting<Kind extends string>(length: number, first = 0): Secret<Kind> {
  return new Secret(copySecret(Uint8Array.from({ length }, (_, index) => first + index)));
}

function both({ rootKey, chainKey }: ReturnType<typeof deriveRoot>): string {
  return toHex(rootKey.expose()) + toHex(chainKey.expose());
}

describe('the derivations of the ratchet give the published values', () => {
  test('ROOT of a handshake with and without a one-time pre-key', () => {
    expect(both(deriveRoot(sha256Algorithm, counting(128)))).toBe(
      '693c631805847ff940cd43cd95597987847fcc37a93dd651f434ab7116dd50eeed9efb9b929874541663a033593932e804484e067f070ce72522325a6491220d',
    );
    expect(both(deriveRoot(sha256Algorithm, counting(96)))).toBe(
      '7d0c6eedeb122ff5dce2bc7a1aca9d23f471963286a4a0c5fa458bfec95fe13694f265958e49a7ab9d38fb35cd81e508401fd5d54542dea8a73cc5781300f5d6',
    );
  });

  test('STEP', () => {
    expect(both(stepRoot(sha256Algorithm, counting(32), counting(32, 0x40)))).toBe(
      '1cb54321b45c60a75f81aa5d48c4b774c594d276d2d80d92f25d8f5d21fd74db2df5cedfdb970db3dbfba3e52fbc3223640c4963162ace5b34e8056f1d9a0ad0',
    );
  });

  test('NEXT and MSGKEY', () => {
    const next = runInline(walk(chainSecret(counting(32).expose()), 1));
    expect(toHex(next.expose())).toBe('4304c22c84a53755ab08ead8d97a8d429be5efa480682d7ad1da27f73e1fbe1d');
    const [key] = runInline(messageKeysFrom(chainSecret(counting(32).expose()), 1));
    expect(toHex(key!.expose())).toBe('4feac64fa281959b910d20f1fd663199513c6fe34058c8bf82b7e5b44a2ba132f95e985de8f35ddb339d8a3f7f0aea0a');
  });

  test('a long walk and a long run of message keys agree with single steps', () => {
    const start = chainSecret(counting(32).expose());
    let key = runInline(walk(start, 0));
    const singles: string[] = [];
    for (let step = 0; step < 250; step++) {
      singles.push(toHex(runInline(messageKeysFrom(key, 1))[0]!.expose()));
      key = runInline(walk(key, 1));
    }
    expect(toHex(runInline(walk(start, 250)).expose())).toBe(toHex(key.expose()));
    expect(runInline(messageKeysFrom(start, 250)).map((each) => toHex(each.expose()))).toEqual(singles);
    expect(toHex(start.expose())).toBe(toHex(counting(32).expose()));
  });
});

describe('an unfinished transition', () => {
  test('wipes what it made unless it has come to its end', () => {
    const lost = counting(32);
    const kept = counting(32);
    expect(() => {
      using unfinished = new Unfinished();
      unfinished.own(lost);
      throw new Error('refused');
    }).toThrow('refused');
    {
      using unfinished = new Unfinished();
      unfinished.own(kept);
      unfinished.finish();
    }
    expect([lost.length, kept.length]).toEqual([0, 32]);
  });
});
