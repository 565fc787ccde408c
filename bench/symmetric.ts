/** AES-256-GCM, SHA-256 and HMAC per second, beside mbed TLS: they run on the processor's own instructions where it has them. */
import { aeadSeal, hmacSha256, nativeAcceleration, sha256 } from '../lib/core.js';
import type { Case } from './measure.js';
import { loadRawLoops } from './native/raw-loops.js';
import { nodeHmac, nodeSeal, nodeSha256 } from './peers/node-crypto.js';
import { type Question, figureTask } from './task.js';

/** Bytes of associated data of the default suite: two public keys. */
const associatedDataLength = 3_136;
const kibibyte = 1_024;

export const symmetricQuestion: Question = () => cases().map(figureTask);

function cases(): Case[] {
  const raw = loadRawLoops();
  const [key, iv] = [new Uint8Array(32).fill(0x11), new Uint8Array(16).fill(0x22)];
  const { aesGcm, sha256: hasSha256 } = nativeAcceleration();
  const how = (isFast: boolean): string => (isFast ? 'on instructions of the processor' : 'in mbed TLS');
  const sealing = (name: string, about: string, associatedData: number, length: number): Case => ({
    name,
    algorithm: 'AES-256-GCM',
    about: `${about}, key and IV (16 bytes) set up each time, ${how(aesGcm)}`,
    prepare() {
      const [data, plaintext] = [new Uint8Array(associatedData).fill(0x33), new Uint8Array(length).fill(0x44)];
      return {
        run(iterations) {
          for (let i = 0; i < iterations; i += 1) aeadSeal(key, iv, data, plaintext);
        },
        portable: (iterations) => raw.rawAead(associatedData, length, iterations),
        peers: [nodeSeal(key, iv, data, plaintext)],
      };
    },
  });
  const data = new Uint8Array(kibibyte).fill(0x55);
  const chainKey = new Uint8Array(32).fill(0x66);
  const step = Uint8Array.of(2);
  return [
    sealing('aead.seal.64B', `64 bytes with ${associatedDataLength} bytes of associated data`, associatedDataLength, 64),
    sealing('aead.seal.1MiB', '1 MiB without associated data', 0, kibibyte * kibibyte),
    {
      name: 'sha256.1KiB',
      algorithm: 'SHA-256',
      about: `1 KiB, ${how(hasSha256)}`,
      prepare: () => ({
        run(iterations) {
          for (let i = 0; i < iterations; i += 1) sha256(data);
        },
        portable: (iterations) => raw.rawSha256(kibibyte, iterations),
        peers: [nodeSha256(data)],
      }),
    },
    {
      name: 'hmac.32B',
      algorithm: 'HMAC-SHA-256',
      about: `one byte under a key of 32 bytes, the step of a chain, ${how(hasSha256)}`,
      prepare: () => ({
        run(iterations) {
          for (let i = 0; i < iterations; i += 1) hmacSha256(chainKey, step).fill(0);
        },
        portable: (iterations) => raw.rawHmacSha256(step.length, iterations),
        peers: [nodeHmac(chainKey, step)],
      }),
    },
  ];
}
