/**
 * Compares what runs on the processor's own instructions with mbed TLS, and ML-KEM and ML-DSA of the build for x86-64-v3 with those of the portable one,
 * on random inputs: `node test/native/differential.mjs [--runs N] [--seed S]` makes N operations (100,000) of every accelerated primitive. The last line
 * is a count; exits non-zero on a difference.
 */
import { createCipheriv, createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({ options: { runs: { type: 'string', default: '100000' }, seed: { type: 'string', default: '1' } } });
const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const require = createRequire(import.meta.url);
const addon = require(path.join(root, 'build/Release/skissm_testing.node'));
const v3File = path.join(root, 'build/Release/skissm_testing_v3.node');
const v3 = existsSync(v3File) && addon.runsX8664V3() ? require(v3File) : undefined;

/** Random bytes from the seed, made in large pieces. */
const cipher = createCipheriv('aes-256-ctr', createHash('sha256').update(`differential ${values.seed}`).digest(), Buffer.alloc(16));
let pool = new Uint8Array(0);
let at = 0;

function draw(length) {
  if (at + length > pool.length) {
    pool = cipher.update(new Uint8Array(1 << 20));
    at = 0;
  }
  at += length;
  return pool.subarray(at - length, at);
}

/** A whole number from 0 up to `most`. */
function below(most) {
  const bytes = draw(4);
  return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0) % (most + 1);
}

/** Mostly short, with all lengths around blocks and strides, sometimes long. */
function text() {
  const kind = below(19);
  return draw(kind === 0 ? below(8_192) : kind < 6 ? below(300) : below(80));
}

const vector = () => draw([12, 16, 1 + below(100)][below(2)]);

/** What an operation made, or the code of its refusal; both with all that it wrote. */
function attempt(outputs, run) {
  for (const out of outputs) out.fill(0x5a);
  let code = '';
  try {
    run();
  } catch (error) {
    code = String(error.code);
  }
  return `${code} ${outputs.map((out) => Buffer.from(out).toString('latin1')).join('|')}`;
}

const operations = {
  'AES-256-GCM seal'() {
    const [key, iv, associatedData, plaintext] = [draw(32), vector(), text(), text()];
    const sealed = new Uint8Array(plaintext.length + 16);
    return () => attempt([sealed], () => addon.aeadSeal(key, iv, associatedData, plaintext, sealed));
  },
  'AES-256-GCM open'() {
    const [key, iv, associatedData, plaintext] = [draw(32), vector(), text(), text()];
    const sealed = new Uint8Array(plaintext.length + 16);
    addon.aeadSeal(key, iv, associatedData, plaintext, sealed);
    if (below(1) === 0) sealed[below(sealed.length - 1)] ^= 1 << below(7);
    return () => attempt([plaintext], () => addon.aeadOpen(key, iv, associatedData, sealed, plaintext));
  },
  'SHA-256'() {
    const [data, digest] = [text(), new Uint8Array(32)];
    return () => attempt([digest], () => addon.hash(1, data, digest));
  },
  'HMAC-SHA-256'() {
    const [key, data, code] = [draw(below(200)), text(), new Uint8Array(32)];
    return () => attempt([code], () => addon.hmac(1, key, data, code));
  },
  'HKDF-SHA-256'() {
    const [ikm, salt, info, out] = [text(), draw(below(100)), draw(below(40)), new Uint8Array(1 + below(200))];
    return () => attempt([out], () => addon.hkdf(1, ikm, salt, info, out));
  },
  'chain step'() {
    const [chainKey, associatedData, plaintext] = [draw(32), text(), text()];
    const [sealed, next] = [new Uint8Array(plaintext.length + 16), new Uint8Array(32)];
    return () => attempt([sealed, next], () => addon.chainSeal(1, chainKey, associatedData, plaintext, sealed, next));
  },
};

const nothing = new Uint8Array(0);

/** What a build makes with `random` as all of its randomness. */
function made(native, random, outputs, run) {
  native.clearQueuedRandom();
  native.queueRandom(random);
  return `${attempt(outputs, () => run(native))} ${native.queuedRandomLength()}`;
}

const kems = addon.kemSchemes().filter(({ spec }) => spec === 'FIPS 203');
const signatures = addon.signatureSchemes().filter(({ spec }) => spec === 'FIPS 204');
const one = (rows) => rows[below(rows.length - 1)];
const damaged = (bytes) => {
  if (below(7) === 0) bytes[below(bytes.length - 1)] ^= 1 << below(7);
};

/** Each gives the comparisons of one run: a new key pair of any parameter set, and what is done with it. */
const schemes = {
  *'ML-KEM'() {
    const row = one(kems);
    const [publicKey, privateKey] = [new Uint8Array(row.publicKeyLength), new Uint8Array(row.privateKeyLength)];
    const [ciphertext, secret] = [new Uint8Array(row.ciphertextLength), new Uint8Array(row.sharedSecretLength)];
    const forKeys = draw(64);
    yield (native) =>
      made(native, forKeys, [publicKey, privateKey], ({ kemGenerateKeyPair }) => kemGenerateKeyPair(row.code, publicKey, privateKey));
    const forSecret = draw(32);
    yield (native) =>
      made(native, forSecret, [ciphertext, secret], ({ kemEncapsulate }) => kemEncapsulate(row.code, publicKey, ciphertext, secret));
    damaged(ciphertext);
    yield (native) => made(native, nothing, [secret], ({ kemDecapsulate }) => kemDecapsulate(row.code, privateKey, ciphertext, secret));
  },
  *'ML-DSA'() {
    const row = one(signatures);
    const [publicKey, privateKey] = [new Uint8Array(row.publicKeyLength), new Uint8Array(row.privateKeyLength)];
    const [message, signature] = [text(), new Uint8Array(row.signatureLength)];
    const forKeys = draw(32);
    yield (native) =>
      made(native, forKeys, [publicKey, privateKey], ({ signatureGenerateKeyPair }) =>
        signatureGenerateKeyPair(row.code, publicKey, privateKey),
      );
    const forSignature = draw(32);
    yield (native) => made(native, forSignature, [signature], ({ sign }) => sign(row.code, privateKey, message, signature));
    damaged(signature);
    yield (native) => `${native.verify(row.code, publicKey, message, signature)}`;
  },
};

const runs = Number(values.runs);
if (!Number.isSafeInteger(runs) || runs < 1) throw new TypeError('--runs takes a whole number from 1');
const { aesGcm, sha256 } = addon.acceleration();
const told = { 'AES-256-GCM': aesGcm, 'SHA-256': sha256, 'ML-KEM and ML-DSA': v3 !== undefined };
const said = Object.entries(told).map(([name, isFast]) => `${name} ${isFast ? 'yes' : 'no'}`);
process.stdout.write(`on instructions of the processor: ${said.join(', ')}\n`);
let total = 0;
let differences = 0;

function report(name, found) {
  process.stdout.write(`${name.padEnd(20)} ${runs} operations, ${found} differences\n`);
  total += runs;
  differences += found;
}

for (const [name, prepare] of Object.entries(operations)) {
  let found = 0;
  for (let run = 0; run < runs; run += 1) {
    addon.allowAcceleration(0);
    const operate = prepare();
    const portable = operate();
    addon.allowAcceleration(1);
    if (operate() !== portable) found += 1;
  }
  report(name, found);
}
for (const [name, comparisons] of v3 === undefined ? [] : Object.entries(schemes)) {
  let found = 0;
  let run = 0;
  while (run < runs) {
    for (const operate of comparisons()) {
      if (run === runs) break;
      if (operate(v3) !== operate(addon)) found += 1;
      run += 1;
    }
  }
  report(name, found);
}
process.stdout.write(`${total - differences} passed, ${differences} failed\n`);
process.exitCode = differences === 0 ? 0 : 1;
