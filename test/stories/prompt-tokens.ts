/** Tokens without the thread pool of the Web Cryptography API, whose timing no seed decides: the same HMAC, here and now. */
import { KeyObject, type webcrypto, createHmac, timingSafeEqual } from 'node:crypto';

function hmac(key: webcrypto.CryptoKey, data: NodeJS.ArrayBufferView | ArrayBuffer): Buffer {
  return createHmac('sha256', KeyObject.from(key))
    .update(data instanceof ArrayBuffer ? new Uint8Array(data) : new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
    .digest();
}

/** Replaces signing and verifying until the result is called. */
export function promptTokens(): () => void {
  const { subtle } = globalThis.crypto;
  const own = Object.getOwnPropertyDescriptors(subtle);
  Object.defineProperty(subtle, 'sign', {
    configurable: true,
    value: (_algorithm: unknown, key: webcrypto.CryptoKey, data: ArrayBuffer) => Promise.resolve(new Uint8Array(hmac(key, data)).buffer),
  });
  Object.defineProperty(subtle, 'verify', {
    configurable: true,
    value: (_algorithm: unknown, key: webcrypto.CryptoKey, signature: Uint8Array, data: ArrayBuffer) => {
      const expected = hmac(key, data);
      return Promise.resolve(signature.length === expected.length && timingSafeEqual(signature, expected));
    },
  });
  return () => {
    for (const name of ['sign', 'verify'] as const) {
      const before = own[name] as PropertyDescriptor | undefined;
      Reflect.deleteProperty(subtle, name);
      if (before !== undefined) Object.defineProperty(subtle, name, before);
    }
  };
}
