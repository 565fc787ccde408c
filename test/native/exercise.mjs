/**
 * Calls every export of one build of the addon, rightly and in every wrong way, and a batch of everything. Plain Node, so that it runs under
 * a sanitizer: `node test/native/exercise.mjs FOLDER`, where FOLDER holds skissm.node, skissm_testing.node and skissm_bench.node. Of the build for
 * x86-64-v3, if it is there and can run, what differs from the portable one is called: ML-KEM and ML-DSA.
 * The last line is a JSON count; exits non-zero on failure.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { complaint, counting, exportTable, jobOf, uncovered, valuesOf, wrongCalls } from './export-table.mjs';
import { withLatticeSchemes, withSampledSchemes } from './sampled-schemes.mjs';

const folder = path.resolve(process.argv[2] ?? 'build/Release');
const require = createRequire(import.meta.url);
const result = { passed: 0, failed: 0, skipped: 0 };

function report(label, problem) {
  result[problem === undefined ? 'passed' : 'failed'] += 1;
  if (problem !== undefined) process.stdout.write(`FAILED ${label}: ${problem}\n`);
}

async function exerciseTable(addon) {
  const rows = exportTable(addon);
  const missing = uncovered(addon, rows);
  report('table', missing.length === 0 ? undefined : `no row for ${missing.join(', ')}`);
  const jobs = [];
  for (const row of rows) {
    const values = valuesOf(row.make());
    report(row.label, row.holds(values, await addon[row.name](...values)) ? undefined : 'a right call failed');
    for (const wrong of wrongCalls(row)) {
      const job = jobOf(row, wrong.arguments);
      report(
        `${row.label}: ${wrong.title}`,
        complaint(wrong, () => addon[row.name](...wrong.arguments)),
      );
      if (job !== undefined)
        report(
          `batch ${row.label}: ${wrong.title}`,
          complaint(wrong, () => addon.runBatch([job])),
        );
    }
    const again = valuesOf(row.make());
    const job = jobOf(row, again);
    if (job !== undefined) jobs.push({ row, values: again, job });
  }
  const results = await addon.runBatch(jobs.map(({ job }) => job));
  for (const [index, { row, values }] of jobs.entries()) {
    report(`batch ${row.label}`, row.holds(values, results[index]) ? undefined : `gave ${results[index]}`);
  }
}

/** Secrets, messages and signatures of odd lengths and damaged content: results differ, memory must not. */
function exerciseDamage(addon) {
  for (const row of addon.kemSchemes()) {
    const publicKey = new Uint8Array(row.publicKeyLength);
    const privateKey = new Uint8Array(row.privateKeyLength);
    const ciphertext = new Uint8Array(row.ciphertextLength);
    const secret = new Uint8Array(row.sharedSecretLength);
    for (const fill of [0, 1, 0x55, 0xff]) {
      for (const bytes of [publicKey, privateKey, ciphertext]) bytes.fill(fill);
      attempt(`${row.name} keys of ${fill}`, () => addon.kemEncapsulate(row.code, publicKey, ciphertext, secret));
      attempt(`${row.name} private key of ${fill}`, () => addon.kemDecapsulate(row.code, privateKey, ciphertext, secret));
    }
  }
  for (const row of addon.signatureSchemes()) {
    const publicKey = new Uint8Array(row.publicKeyLength);
    const privateKey = new Uint8Array(row.privateKeyLength);
    const signature = new Uint8Array(row.signatureLength);
    for (const fill of [0, 1, 0x55, 0xff]) {
      for (const bytes of [publicKey, privateKey, signature]) bytes.fill(fill);
      attempt(`${row.name} signature of ${fill}`, () => addon.verify(row.code, publicKey, counting(fill), signature));
      attempt(`${row.name} private key of ${fill}`, () => addon.sign(row.code, privateKey, counting(fill), signature));
    }
    for (const length of [0, 1, row.signatureLength - 1, row.signatureLength + 1]) {
      const valid = addon.verify(row.code, publicKey, counting(3), new Uint8Array(length));
      report(`${row.name} signature of ${length} bytes`, valid ? 'is valid' : undefined);
    }
  }
}

/** Each scheme that has no rows in the table is used once. Signatures of the slow forms of SPHINCS+ take minutes here; their fast forms are the same code. */
function exerciseOthers(addon, { kemSchemes, signatureSchemes }) {
  const known = new Set([...kemSchemes(), ...signatureSchemes()].map(({ name }) => name));
  for (const row of addon.kemSchemes().filter(({ name }) => !known.has(name))) {
    const [publicKey, privateKey] = [new Uint8Array(row.publicKeyLength), new Uint8Array(row.privateKeyLength)];
    const [ciphertext, secret, again] = [row.ciphertextLength, row.sharedSecretLength, row.sharedSecretLength].map(
      (length) => new Uint8Array(length),
    );
    addon.kemGenerateKeyPair(row.code, publicKey, privateKey);
    addon.kemEncapsulate(row.code, publicKey, ciphertext, secret);
    addon.kemDecapsulate(row.code, privateKey, ciphertext, again);
    report(`${row.name} encapsulation`, Buffer.compare(secret, again) === 0 ? undefined : 'the secrets differ');
    ciphertext[0] ^= 1;
    report(`${row.name} damage`, addon.kemIsEncapsulatedTo(row.code, privateKey, ciphertext) ? 'it was not noticed' : undefined);
  }
  for (const row of addon.signatureSchemes().filter(({ name }) => !known.has(name) && !/SPHINCS.*s-simple/u.test(name))) {
    const [publicKey, privateKey] = [new Uint8Array(row.publicKeyLength), new Uint8Array(row.privateKeyLength)];
    const signature = new Uint8Array(row.signatureLength);
    addon.signatureGenerateKeyPair(row.code, publicKey, privateKey);
    const length = addon.sign(row.code, privateKey, counting(100), signature);
    const isValid = addon.verify(row.code, publicKey, counting(100), signature.subarray(0, length));
    report(`${row.name} signature`, isValid ? undefined : 'it does not verify');
    signature[length >> 1] ^= 1;
    const isTaken = addon.verify(row.code, publicKey, counting(100), signature.subarray(0, length));
    report(`${row.name} damage`, isTaken ? 'it was not noticed' : undefined);
  }
}

/** Any outcome is fine as long as it is a result or a coded error. */
function attempt(label, run) {
  try {
    run();
    report(label);
  } catch (error) {
    report(label, typeof error.code === 'string' ? undefined : `threw ${String(error)}`);
  }
}

function exerciseRawLoops(raw) {
  for (const operation of ['keygen', 'encaps', 'decaps']) report(`rawKem ${operation}`, seconds(raw.rawKem(49, operation, 2)));
  for (const operation of ['keygen', 'sign', 'verify'])
    report(`rawSignature ${operation}`, seconds(raw.rawSignature(17, operation, 32, 2)));
  report('rawX25519', seconds(raw.rawX25519(2)));
  report('rawAead', seconds(raw.rawAead(3136, 64, 3)));
  report('rawSha256', seconds(raw.rawSha256(100, 3)));
  report('rawHmacSha256', seconds(raw.rawHmacSha256(1, 3)));
  report('rawRoundtrip', seconds(raw.rawRoundtrip(3136, 64, 3)));
  report('rawPingpong', seconds(raw.rawPingpong(49, 3136, 64, 3)));
  report('rawHandshake', seconds(raw.rawHandshake(17, 49, true, 2)));
}

function seconds(value) {
  return value > 0 ? undefined : `took ${value} seconds`;
}

/** A worker that ends with jobs in flight must take nothing with it. */
async function exerciseWorker(file) {
  const code = `
    const addon = require(${JSON.stringify(file)});
    const job = () => ({ operation: 'chain-walk', scheme: 1, count: 2000, inputs: [new Uint8Array(32)], outputs: [new Uint8Array(32)] });
    for (let i = 0; i < 8; i += 1) addon.runBatch([job(), job()]);
    process.exit(7);`;
  const worker = new Worker(code, { eval: true });
  const exitCode = await new Promise((resolve, reject) => {
    worker.on('exit', resolve);
    worker.on('error', reject);
  });
  report('worker', exitCode === 7 ? undefined : `exit code ${exitCode}`);
}

const shipped = require(path.join(folder, 'skissm.node'));
const sampled = withSampledSchemes(shipped);
await exerciseTable(sampled);
exerciseDamage(sampled);
exerciseOthers(shipped, sampled);
const v3File = path.join(folder, 'skissm_v3.node');
if (existsSync(v3File) && shipped.runsX8664V3()) {
  const ofLattices = withLatticeSchemes(require(v3File));
  await exerciseTable(ofLattices);
  exerciseDamage(ofLattices);
  exerciseRawLoops(require(path.join(folder, 'skissm_bench_v3.node')));
}
const testing = require(path.join(folder, 'skissm_testing.node'));
attempt('empty queue', () => testing.kemGenerateKeyPair(49, new Uint8Array(1568), new Uint8Array(3168)));
testing.queueRandom(counting(64));
attempt('full queue', () => testing.kemGenerateKeyPair(49, new Uint8Array(1568), new Uint8Array(3168)));
report('queue used up', testing.queuedRandomLength() === 0 ? undefined : 'bytes are left');
exerciseRawLoops(require(path.join(folder, 'skissm_bench.node')));
await exerciseWorker(path.join(folder, 'skissm.node'));
process.stdout.write(`${JSON.stringify(result)}\n`);
// Jobs in flight at exit, once more on the main thread.
void shipped.runBatch([{ operation: 'chain-walk', scheme: 1, count: 60000, inputs: [counting(32)], outputs: [new Uint8Array(32)] }]);
process.exit(result.failed === 0 ? 0 : 1);
