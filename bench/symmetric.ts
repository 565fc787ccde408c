/** AES-256-GCM, SHA-256 and HMAC per second, beside mbed TLS: they run on the processor's own instructions where it has them. */
import { aeadSeal, hmacSha256, nativeAcceleration, sha256 } from '../lib/core.js';
import type { Case, Group } from './measure.js';
import { loadRawLoops } from './native/raw-loops.js';

/** Bytes of associated data of the default suite: two public keys. */
const associatedDataLength = 3_136;
const kibibyte = 1_024;

export const symmetricCases: Group = {
  names: ['aead.seal.64B', 'aead.seal.1MiB', 'sha256.1KiB', 'hmac.32B'],
  prepare: () => Promise.resolve({ cases: cases(), close: () => Promise.resolve() }),
};

function cases(): Case[] {
  const raw = loadRawLoops();
  const [key, iv] = [new Uint8Array(32).fill(0x11), new Uint8Array(16).fill(0x22)];
  const { aesGcm, sha256: hasSha256 } = nativeAcceleration();
  const how = (isFast: boolean): string => (isFast ? 'on instructions of the processor' : 'in mbed TLS');
  const sealing = (name: string, about: string, associatedData: number, length: number): Case => {
    const [data, plaintext] = [new Uint8Array(associatedData).fill(0x33), new Uint8Array(length).fill(0x44)];
    return {
      name,
      algorithm: 'AES-256-GCM',
      about: `${about}, key and IV (16 bytes) set up each time, ${how(aesGcm)}`,
      run: (iterations) => {
        for (let i = 0; i < iterations; i += 1) aeadSeal(key, iv, data, plaintext);
      },
      portable: (iterations) => raw.rawAead(associatedData, length, iterations),
    };
  };
  const data = new Uint8Array(kibibyte).fill(0x55);
  const chainKey = new Uint8Array(32).fill(0x66);
  return [
    sealing('aead.seal.64B', `64 bytes with ${associatedDataLength} bytes of associated data`, associatedDataLength, 64),
    sealing('aead.seal.1MiB', '1 MiB without associated data', 0, kibibyte * kibibyte),
    {
      name: 'sha256.1KiB',
      algorithm: 'SHA-256',
      about: `1 KiB, ${how(hasSha256)}`,
      run: (iterations) => {
        for (let i = 0; i < iterations; i += 1) sha256(data);
      },
      portable: (iterations) => raw.rawSha256(kibibyte, iterations),
    },
    {
      name: 'hmac.32B',
      algorithm: 'HMAC-SHA-256',
      about: `one byte under a key of 32 bytes, the step of a chain, ${how(hasSha256)}`,
      run: (iterations) => {
        for (let i = 0; i < iterations; i += 1) hmacSha256(chainKey, Uint8Array.of(2)).fill(0);
      },
      portable: (iterations) => raw.rawHmacSha256(1, iterations),
    },
  ];
}
