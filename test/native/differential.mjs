/**
 * Compares what runs on the processor's own instructions with mbed TLS, on random inputs: `node test/native/differential.mjs [--runs N] [--seed S]`
 * makes N operations (100,000) of every accelerated primitive. The last line is a count; exits non-zero on a difference.
 */
import { createCipheriv, createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({ options: { runs: { type: 'string', default: '100000' }, seed: { type: 'string', default: '1' } } });
const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const addon = createRequire(import.meta.url)(path.join(root, 'build/Release/skissm_testing.node'));

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

const runs = Number(values.runs);
if (!Number.isSafeInteger(runs) || runs < 1) throw new TypeError('--runs takes a whole number from 1');
const { aesGcm, sha256 } = addon.acceleration();
process.stdout.write(`on instructions of the processor: AES-256-GCM ${aesGcm ? 'yes' : 'no'}, SHA-256 ${sha256 ? 'yes' : 'no'}\n`);
let differences = 0;
for (const [name, prepare] of Object.entries(operations)) {
  let found = 0;
  for (let run = 0; run < runs; run += 1) {
    addon.allowAcceleration(0);
    const operate = prepare();
    const portable = operate();
    addon.allowAcceleration(1);
    if (operate() !== portable) found += 1;
  }
  process.stdout.write(`${name.padEnd(20)} ${runs} operations, ${found} differences\n`);
  differences += found;
}
const total = Object.keys(operations).length * runs;
process.stdout.write(`${total - differences} passed, ${differences} failed\n`);
process.exitCode = differences === 0 ? 0 : 1;
