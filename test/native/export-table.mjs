/**
 * Every export of the native addon, one row per function and scheme: how to call it rightly, and from that all the ways to call it wrongly.
 * Plain JavaScript, because both Jest and the sanitizer run, which has no Jest, go through it.
 */

/** What outputs hold before a call, so that a zeroed output can be told from an untouched one. */
const filler = 0xaa;

/** Length bounds of arguments that may have any length. */
const any = { minimum: 0, maximum: Infinity };

/** A fresh Uint8Array of `length` bytes 0, 1, 2, … */
export function counting(length) {
  return Uint8Array.from({ length }, (_, index) => index & 0xff);
}

const input = (name, bytes, bounds = { minimum: bytes.length, maximum: bytes.length }) => ({
  kind: 'input',
  name,
  value: Uint8Array.from(bytes),
  bounds,
});
const output = (name, length, bounds = { minimum: length, maximum: length }) => ({
  kind: 'output',
  name,
  value: new Uint8Array(length).fill(filler),
  bounds,
});
const scheme = (code) => ({ kind: 'scheme', name: 'scheme', value: code });
const count = (name, value, minimum, maximum = 65536) => ({ kind: 'count', name, value, bounds: { minimum, maximum } });

// A plaintext or sealed text fixes the output's length, so lengths are varied on the output's side only.
const given = (name, bytes) => input(name, bytes, { ...any, fixesOutput: true });

const equal = (a, b) => a.length === b.length && a.every((byte, index) => byte === b[index]);
const isZero = (bytes) => bytes.every((byte) => byte === 0);
/** Random and derived outputs have changed from the filler and are not zero. */
const isFilled = (bytes) => !isZero(bytes) && bytes.some((byte) => byte !== filler);
const valuesOf = (callArguments) => callArguments.map((argument) => argument.value);

function kemRows(addon, row) {
  const publicKey = new Uint8Array(row.publicKeyLength);
  const privateKey = new Uint8Array(row.privateKeyLength);
  const ciphertext = new Uint8Array(row.ciphertextLength);
  const sharedSecret = new Uint8Array(row.sharedSecretLength);
  addon.kemGenerateKeyPair(row.code, publicKey, privateKey);
  addon.kemEncapsulate(row.code, publicKey, ciphertext, sharedSecret);
  return [
    {
      name: 'kemGenerateKeyPair',
      operation: 'kem-key-pair',
      make: () => [scheme(row.code), output('publicKey', row.publicKeyLength), output('privateKey', row.privateKeyLength)],
      holds: ([, made, secret]) => addon.kemIsValidPublicKey(row.code, made) && addon.kemIsValidPrivateKey(row.code, secret),
    },
    {
      name: 'kemEncapsulate',
      operation: 'kem-encapsulate',
      make: () => [
        scheme(row.code),
        input('publicKey', publicKey),
        output('ciphertext', row.ciphertextLength),
        output('sharedSecret', row.sharedSecretLength),
      ],
      holds: ([, , made, secret]) => {
        const again = new Uint8Array(row.sharedSecretLength);
        addon.kemDecapsulate(row.code, privateKey, made, again);
        return isFilled(secret) && equal(secret, again);
      },
    },
    {
      name: 'kemDecapsulate',
      operation: 'kem-decapsulate',
      make: () => [
        scheme(row.code),
        input('privateKey', privateKey),
        input('ciphertext', ciphertext),
        output('sharedSecret', row.sharedSecretLength),
      ],
      holds: ([, , , secret]) => equal(secret, sharedSecret),
    },
    {
      name: 'kemIsEncapsulatedTo',
      operation: 'kem-is-encapsulated-to',
      make: () => [scheme(row.code), input('privateKey', privateKey), input('ciphertext', ciphertext)],
      holds: (_, result) => result === true || result === 1,
    },
    {
      name: 'kemIsValidPublicKey',
      make: () => [scheme(row.code), input('publicKey', publicKey)],
      holds: (_, result) => result === true,
    },
    {
      name: 'kemIsValidPrivateKey',
      make: () => [scheme(row.code), input('privateKey', privateKey)],
      holds: (_, result) => result === true,
    },
  ].map((made) => ({ ...made, label: `${made.name} ${row.name}` }));
}

function signatureRows(addon, row) {
  const publicKey = new Uint8Array(row.publicKeyLength);
  const privateKey = new Uint8Array(row.privateKeyLength);
  const signature = new Uint8Array(row.signatureLength);
  const message = counting(100);
  const context = counting(7);
  addon.signatureGenerateKeyPair(row.code, publicKey, privateKey);
  const length = addon.sign(row.code, privateKey, message, signature);
  const rows = [
    {
      name: 'signatureGenerateKeyPair',
      operation: 'signature-key-pair',
      make: () => [scheme(row.code), output('publicKey', row.publicKeyLength), output('privateKey', row.privateKeyLength)],
      holds: ([, made, secret]) => isFilled(made) && addon.signatureIsValidPrivateKey(row.code, secret),
    },
    {
      name: 'sign',
      operation: 'sign',
      make: () => [
        scheme(row.code),
        input('privateKey', privateKey),
        input('message', message, any),
        output('signature', row.signatureLength),
      ],
      holds: ([, , , made], result) =>
        result > 0 && result <= row.signatureLength && addon.verify(row.code, publicKey, message, made.subarray(0, result)),
    },
    {
      name: 'verify',
      operation: 'verify',
      make: () => [
        scheme(row.code),
        input('publicKey', publicKey),
        input('message', message, any),
        input('signature', signature.subarray(0, length), any),
      ],
      holds: (_, result) => result === true || result === 1,
    },
    {
      name: 'signatureIsValidPrivateKey',
      make: () => [scheme(row.code), input('privateKey', privateKey)],
      holds: (_, result) => result === true,
    },
  ];
  const upToContext = { minimum: 0, maximum: 255 };
  if (row.spec === 'FIPS 204') {
    const contextSignature = new Uint8Array(row.signatureLength);
    addon.signWithContext(row.code, privateKey, message, context, contextSignature);
    rows.push(
      {
        name: 'signWithContext',
        make: () => [
          scheme(row.code),
          input('privateKey', privateKey),
          input('message', message, any),
          input('context', context, upToContext),
          output('signature', row.signatureLength),
        ],
        holds: ([, , , , made], result) =>
          result === row.signatureLength && addon.verifyWithContext(row.code, publicKey, message, context, made),
      },
      {
        name: 'verifyWithContext',
        make: () => [
          scheme(row.code),
          input('publicKey', publicKey),
          input('message', message, any),
          input('context', context, upToContext),
          input('signature', contextSignature, any),
        ],
        holds: (_, result) => result === true,
      },
    );
  }
  return rows.map((made) => ({ ...made, label: `${made.name} ${row.name}` }));
}

function agreementRows(addon) {
  const publicKey = new Uint8Array(32);
  const privateKey = new Uint8Array(32);
  addon.x25519GenerateKeyPair(publicKey, privateKey);
  return [
    {
      name: 'x25519GenerateKeyPair',
      make: () => [output('publicKey', 32), output('privateKey', 32)],
      holds: ([made, secret]) => {
        const again = new Uint8Array(32);
        addon.x25519PublicKey(secret, again);
        return equal(made, again) && (secret[0] & 7) === 0 && (secret[31] & 0xc0) === 0x40;
      },
    },
    {
      name: 'x25519PublicKey',
      make: () => [input('privateKey', privateKey), output('publicKey', 32)],
      holds: ([, made]) => equal(made, publicKey),
    },
    {
      name: 'x25519',
      make: () => [input('privateKey', privateKey), input('publicKey', publicKey), output('sharedSecret', 32)],
      holds: ([, , secret]) => isFilled(secret),
    },
  ];
}

function symmetricRows(addon) {
  const key = counting(32);
  const iv = counting(16);
  const associatedData = counting(40);
  const plaintext = counting(33);
  const sealed = new Uint8Array(49);
  addon.aeadSeal(key, iv, associatedData, plaintext, sealed);
  const ivBounds = { minimum: 1, maximum: 1024 };
  return [
    {
      name: 'aeadSeal',
      make: () => [
        input('key', key),
        input('iv', iv, ivBounds),
        input('associatedData', associatedData, any),
        given('plaintext', plaintext),
        output('out', 49),
      ],
      holds: ([, , , , made]) => equal(made, sealed),
    },
    {
      name: 'aeadOpen',
      make: () => [
        input('key', key),
        input('iv', iv, ivBounds),
        input('associatedData', associatedData, any),
        given('sealed', sealed),
        output('out', 33),
      ],
      holds: ([, , , , made]) => equal(made, plaintext),
    },
  ];
}

function shakeRow(name) {
  return {
    name,
    make: () => [input('data', counting(33), any), output('out', 200, any)],
    holds: ([, made]) => isFilled(made.subarray(0, 100)) && isFilled(made.subarray(168)),
  };
}

function hashRows(addon, row) {
  const hash = { ...scheme(row.code), name: 'hash' };
  const length = row.digestLength;
  const key = counting(length);
  const data = counting(33);
  const associatedData = counting(40);
  const sealed = new Uint8Array(49);
  const next = new Uint8Array(length);
  addon.chainSeal(row.code, key, associatedData, data, sealed, next);
  return [
    {
      name: 'hash',
      make: () => [hash, input('data', data, any), output('out', length)],
      holds: ([, , made]) => isFilled(made),
    },
    {
      name: 'hmac',
      make: () => [hash, input('key', key, any), input('data', Uint8Array.of(2), any), output('out', length)],
      holds: ([, , , made]) => equal(made, next),
    },
    {
      name: 'hkdf',
      make: () => [
        hash,
        input('ikm', key, any),
        input('salt', counting(16), any),
        input('info', data, any),
        output('out', 80, { minimum: 1, maximum: 255 * length }),
      ],
      holds: ([, , , , made]) => isFilled(made),
    },
    {
      name: 'chainSeal',
      make: () => [
        hash,
        input('chainKey', key),
        input('associatedData', associatedData, any),
        given('plaintext', data),
        output('sealed', 49),
        output('nextChainKey', length),
      ],
      holds: ([, , , , made, following]) => equal(made, sealed) && equal(following, next),
    },
    {
      name: 'chainOpen',
      make: () => [
        hash,
        input('chainKey', key),
        count('steps', 0, 0),
        input('associatedData', associatedData, any),
        given('sealed', sealed),
        output('plaintext', 33),
        output('nextChainKey', length),
      ],
      holds: ([, , , , , made, following]) => equal(made, data) && equal(following, next),
    },
    {
      name: 'chainWalk',
      operation: 'chain-walk',
      make: () => [hash, input('chainKey', key), count('steps', 1, 0), output('out', length)],
      holds: ([, , , made]) => equal(made, next),
    },
    {
      name: 'chainMessageKeys',
      operation: 'chain-message-keys',
      make: () => [hash, input('chainKey', key), count('count', 2, 1), output('out', 96)],
      holds: ([, , , made]) => isFilled(made.subarray(0, 48)) && isFilled(made.subarray(48)),
    },
  ].map((made) => ({ ...made, label: `${made.name} ${row.name}` }));
}

function otherRows(addon) {
  const isTable = (_, result) => Array.isArray(result) && result.length > 0;
  return [
    { name: 'kemSchemes', make: () => [], holds: isTable },
    { name: 'signatureSchemes', make: () => [], holds: isTable },
    { name: 'hashAlgorithms', make: () => [], holds: isTable },
    ...['shake128', 'shake256'].map(shakeRow),
    {
      name: 'acceleration',
      make: () => [],
      holds: (_, result) =>
        ['portable', 'x86-64-v3'].includes(result.build) &&
        [result.fourWayKeccak, result.aesGcm, result.sha256].every((value) => typeof value === 'boolean'),
    },
    { name: 'runsX8664V3', make: () => [], holds: (_, result) => typeof result === 'boolean' },
    {
      name: 'allowAcceleration',
      testingOnly: true,
      make: () => [count('allowed', 1, 0, 1)],
      holds: () => true,
    },
    {
      name: 'randomFill',
      make: () => [output('out', 100, { minimum: 1, maximum: Infinity })],
      holds: ([made]) => isFilled(made),
    },
    {
      name: 'wipe',
      make: () => [output('bytes', 100, any)],
      holds: ([made]) => isZero(made),
    },
    {
      name: 'runBatch',
      make: () => [{ kind: 'jobs', name: 'jobs', value: [] }],
      holds: (_, result) => Array.isArray(result) && result.length === 0,
    },
    {
      name: 'queueRandom',
      testingOnly: true,
      make: () => [input('bytes', counting(10), any)],
      holds: () => {
        const added = addon.queuedRandomLength() >= 10;
        addon.clearQueuedRandom();
        return added;
      },
    },
    {
      name: 'queuedRandomLength',
      testingOnly: true,
      make: () => [],
      holds: (_, result) => result === addon.queuedRandomLength(),
    },
    {
      name: 'clearQueuedRandom',
      testingOnly: true,
      make: () => [],
      holds: () => addon.queuedRandomLength() === 0,
    },
  ];
}

/** All rows for the exports that `addon` has. Keys are made by the addon itself. */
export function exportTable(addon) {
  const rows = [
    ...otherRows(addon),
    ...agreementRows(addon),
    ...symmetricRows(addon),
    ...addon.hashAlgorithms().flatMap((row) => hashRows(addon, row)),
    ...addon.kemSchemes().flatMap((row) => kemRows(addon, row)),
    ...addon.signatureSchemes().flatMap((row) => signatureRows(addon, row)),
  ];
  return rows
    .filter((row) => row.testingOnly !== true || typeof addon.queueRandom === 'function')
    .map((row) => ({ label: row.name, ...row }));
}

/** The names of exports without a row. */
export function uncovered(addon, rows) {
  const covered = new Set(rows.map((row) => row.name));
  return Object.keys(addon).filter((name) => !covered.has(name));
}

function detached(length) {
  const bytes = new Uint8Array(length);
  globalThis.structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
  return bytes;
}

/** Values that are no plain Uint8Array of `length` bytes over an attached, unshared buffer of fixed length. */
function wrongBytes(length) {
  const even = length + (length % 2);
  return {
    undefined: undefined,
    null: null,
    'a number': length,
    'a string': 'x'.repeat(Math.min(length, 64)),
    'an array': Array.from({ length: Math.min(length, 64) }, () => 0),
    'an object with a length': { length, 0: 1 },
    'an object with the prototype of Uint8Array': Object.create(Uint8Array.prototype),
    'a proxy': new Proxy(new Uint8Array(length), {}),
    'an ArrayBuffer': new ArrayBuffer(length),
    'a DataView': new DataView(new ArrayBuffer(length)),
    'a Uint16Array': new Uint16Array(even / 2),
    'a Uint16Array of as many elements': new Uint16Array(length),
    'an Int8Array': new Int8Array(length),
    'a Uint8ClampedArray': new Uint8ClampedArray(length),
    'shared memory': new Uint8Array(new SharedArrayBuffer(length)),
    'growable shared memory': new Uint8Array(new SharedArrayBuffer(length, { maxByteLength: length + 8 })),
    'a resizable buffer': new Uint8Array(new ArrayBuffer(length, { maxByteLength: length + 8 })),
    'a part of a resizable buffer': new Uint8Array(new ArrayBuffer(length + 5, { maxByteLength: length + 8 }), 3, length),
    'a detached buffer': detached(length),
  };
}

function wrongLengths({ value, bounds }) {
  const lengths = new Set();
  if (bounds.fixesOutput) return lengths;
  if (bounds.minimum > 0) lengths.add(bounds.minimum - 1).add(0);
  if (bounds.maximum !== Infinity) lengths.add(bounds.maximum + 1).add(2 * bounds.maximum + 1);
  lengths.delete(value.length);
  return lengths;
}

/** Two arrays of the given lengths that share one byte. */
function sharingOneByte(firstLength, secondLength) {
  const memory = new Uint8Array(firstLength + secondLength - 1).fill(filler);
  return [memory.subarray(0, firstLength), memory.subarray(firstLength - 1)];
}

/**
 * All wrong calls of a row, each with the code it must give. `zero` lists outputs that must be zero afterwards, `untouched` pairs of memory
 * and its expected content.
 */
export function* wrongCalls(row) {
  const replaced = (index, value) => row.make().map((argument, position) => (position === index ? { ...argument, value } : argument));
  const wrong = (title, index, value, code) => {
    const call = replaced(index, value);
    const zero = call.filter((argument, position) => argument.kind === 'output' && (position !== index || code === 'argument-length'));
    return { title: `${call[index].name} is ${title}`, arguments: valuesOf(call), code, zero: valuesOf(zero), untouched: [] };
  };

  for (const [index, argument] of row.make().entries()) {
    if (argument.kind === 'input' || argument.kind === 'output') {
      for (const [title, value] of Object.entries(wrongBytes(argument.value.length))) yield wrong(title, index, value, 'argument-type');
      for (const length of wrongLengths(argument)) {
        yield wrong(`${length} bytes long`, index, new Uint8Array(length).fill(filler), 'argument-length');
      }
    } else {
      for (const value of [undefined, null, '33', '1', {}, [33], Symbol('33'), 33n, true]) {
        if (argument.kind === 'jobs' && Array.isArray(value)) continue;
        yield wrong(`of type ${value === null ? 'null' : typeof value}`, index, value, 'argument-type');
      }
    }
    if (argument.kind === 'scheme') {
      for (const code of [-1, 0.5, 33.5, NaN, Infinity, 4, 1000, 2 ** 32 + 33, 2 ** 53]) {
        yield wrong(String(code), index, code, 'unknown-scheme');
      }
    }
    if (argument.kind === 'count') {
      const { minimum, maximum } = argument.bounds;
      for (const value of [minimum - 1, maximum + 1, 1.5, NaN, Infinity, -Infinity, 2 ** 32, 2 ** 53]) {
        yield wrong(String(value), index, value, 'argument-range');
      }
    }
    if (argument.kind !== 'output') continue;
    for (const [otherIndex, other] of row.make().entries()) {
      if (otherIndex === index || (other.kind !== 'input' && other.kind !== 'output')) continue;
      const call = row.make();
      [call[index].value, call[otherIndex].value] = sharingOneByte(argument.value.length, other.value.length);
      yield {
        title: `${argument.name} shares a byte with ${other.name}`,
        arguments: valuesOf(call),
        code: 'argument-overlap',
        zero: [],
        untouched: [call[index].value, call[otherIndex].value].map((bytes) => ({ bytes, expected: Uint8Array.from(bytes) })),
      };
    }
  }
}

/** The job of a batch that does what a direct call with these arguments does; `undefined` if there is none. */
export function jobOf(row, values) {
  if (row.operation === undefined) return undefined;
  const job = { operation: row.operation, scheme: 0, count: 0, inputs: [], outputs: [] };
  for (const [index, { kind }] of row.make().entries()) {
    if (kind === 'scheme' || kind === 'count') job[kind] = values[index];
    else job[`${kind}s`].push(values[index]);
  }
  return job;
}

/** What is wrong with the outcome of a wrong call, or `undefined`. */
export function complaint(wrongCall, run) {
  let code;
  try {
    run();
    return 'nothing was thrown';
  } catch (error) {
    code = error.code;
    if (typeof error.message !== 'string' || error.message.length > 300) return 'the message is missing or long';
  }
  if (code !== wrongCall.code) return `the code is ${String(code)} instead of ${wrongCall.code}`;
  if (!wrongCall.zero.every(isZero)) return 'an output is not zero';
  if (!wrongCall.untouched.every(({ bytes, expected }) => equal(bytes, expected))) return 'memory of another argument was changed';
  return undefined;
}

export { valuesOf };
