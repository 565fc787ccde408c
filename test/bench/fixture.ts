import type { Report } from '../../bench/report.js';

/** A report with one of everything, and texts that would be tags if they were not escaped. */
export const fixture: Report = {
  machine: {
    cpu: 'Processor <script>alert(1)</script> & Co.',
    cores: 2,
    memoryGiB: 8,
    system: 'linux x64 6.1',
    node: 'v20.19.0',
    openssl: '3.0.0',
    skissm: '0.1.0',
    acceleration: { build: 'portable', fourWayKeccak: false, aesGcm: true, sha256: false },
    date: '2026-01-02T03:04:05.678Z',
  },
  results: [
    ...['session.roundtrip.64B', 'session.pingpong.64B', 'session.handshake', 'group.50.64B'].flatMap((name) =>
      ['mldsa87-mlkem1024', 'curve25519'].map((suite, number) => ({
        name,
        suite,
        opsPerSecond: 1_234.5 * (number + 1),
        rawOpsPerSecond: 2_469,
        ratioToRaw: 0.5,
        peers: [{ name: '@matrix-org/olm', version: '3.2.15', opsPerSecond: 617, ratio: 2 }],
        rounds: 5,
        about: 'a message & its <answer>',
      })),
    ),
    { name: 'client.send.sqlite.64B', suite: 'mldsa87-mlkem1024', opsPerSecond: 9_876, rounds: 5, about: 'a send' },
    ...['ML-KEM-512', 'ML-KEM-1024'].flatMap((algorithm) =>
      ['kem.keygen', 'kem.encaps', 'kem.decaps', 'kem.encaps.pool'].map((name) => ({
        name,
        algorithm,
        opsPerSecond: 0.0123,
        rounds: 2,
        about: 'a KEM',
      })),
    ),
    { name: 'aead.seal.1MiB', algorithm: 'AES-256-GCM', opsPerSecond: 321, ratioToPortable: 4.5, rounds: 5, about: 'a mebibyte' },
    { name: 'sign', algorithm: 'ML-DSA-87', opsPerSecond: 1_000, rounds: 5, about: 'a signature' },
  ],
  sizes: [
    ...['ML-KEM-512', 'ML-KEM-1024'].flatMap((algorithm) => [
      { name: 'size.agreement.public-key', algorithm, bytes: 1_568, about: 'public key' },
      { name: 'size.agreement.ratchet-key', algorithm, bytes: 1_569, about: 'ciphertext' },
    ]),
    { name: 'size.signature.public-key', algorithm: 'ML-DSA-87', bytes: 2_592, about: 'public key' },
    { name: 'size.signature', algorithm: 'ML-DSA-87', bytes: 4_627, about: 'signature' },
    { name: 'size.suite.invite', suite: 'mldsa87-mlkem1024', bytes: 5_000, about: 'encoded invite' },
  ],
  quantities: [{ name: 'import.skissm', value: 45.6, unit: 'ms', about: 'an import' }],
  latency: [100, 1_000].map((rate) => ({
    name: `relay.latency.${rate}`,
    suite: 'mldsa87-mlkem1024',
    rate,
    received: rate - 1,
    messages: 500,
    percentiles: [
      { percent: 50, milliseconds: 2 },
      { percent: 99, milliseconds: 9.5 },
      { percent: 100, milliseconds: 30 },
    ],
    about: 'a message under way',
  })),
};
