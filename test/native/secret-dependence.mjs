/**
 * Looks for branches and addresses that depend on secrets: runs decapsulation, agreement, signing, AES-256-GCM and key derivation of both builds
 * under valgrind's memcheck, which takes the secrets for undefined memory. What depends on them is either allowed, with a reason
 * (allowed-dependences.mjs), or fails. Planted leaks must be found. The last line is a JSON count; one visible skip where valgrind is missing.
 *
 * --all: every scheme, not only a sample of each kind; nothing may be allowed that is not met. That takes a quarter of an hour.
 * Or what the names of operations begin with, for example HQC "Classic McEliece 6960119".
 */
import { allowances } from './allowed-dependences.mjs';
import { buildPrograms, isBuilt, watch, whyNot } from './valgrind.mjs';

/** What the names of the operations begin with. Both builds have the same objects of `shared`: the first one's are looked at. */
const everything = {
  own: ['AES-256-GCM', 'SHA', 'X25519', 'ML-KEM', 'HQC', 'Curve25519', 'ML-DSA'],
  shared: ['Classic', 'Falcon', 'SPHINCS+'],
};
/** All kinds, of the slow ones the fastest. */
const sample = {
  own: ['AES-256-GCM', 'SHA-256', 'SHA3-256', 'X25519', 'ML-KEM', 'HQC-128', 'Curve25519', 'ML-DSA'],
  shared: ['Classic McEliece 348864 ', 'Falcon-512', 'SPHINCS+-SHAKE-128f'],
};
const wanted = process.argv.slice(2);
const all = wanted.includes('--all');
const count = { passed: 0, failed: 0, skipped: 0 };
/** The places of allowances that were met. */
const met = new Set();
const reason = whyNot();

if (reason !== undefined) {
  say(`${reason}: skipped`);
  count.skipped += 1;
} else {
  const failure = buildPrograms();
  if (failure === undefined) await checkAll();
  else decide(false, failure);
}
say(JSON.stringify(count));
process.exitCode = count.failed === 0 ? 0 : 1;

async function checkAll() {
  say('not covered: SHA-256 on the SHA extensions, whose instructions valgrind does not know');
  const { own, shared } = all ? everything : sample;
  const asked = wanted.length > 0 && !all ? wanted : undefined;
  await Promise.all([checkBuild('portable', asked ?? [...own, ...shared]), checkBuild('v3', asked ?? own)]);
  for (const allowance of allowances) {
    if (allowance.known && allowance.places.some((place) => met.has(place))) say(`known weakness: ${allowance.name}`);
    if (!all) continue;
    for (const place of allowance.places) decide(met.has(place), `allowed, but not met: ${allowance.name}: ${place.join(' < ')}`);
  }
}

async function checkBuild(build, names) {
  const planted = isBuilt(build) ? await watch(build, ['planted']) : undefined;
  if (planted === undefined || planted.cases.some(({ result }) => result === 'skipped')) {
    say(`${build}: the compiler or the processor does not know its instructions: skipped`);
    count.skipped += 1;
    return;
  }
  for (const kind of ['branch', 'address']) {
    const found = planted.cases.some(({ findings }) => findings.some((finding) => finding.kind === kind && !isAllowed(finding)));
    decide(found, `${build}: the planted leak by ${kind} was not found`);
  }

  const { cases, end } = await watch(build, names);
  decide(end === 0 && cases.length > 0, `${build}: the program ended with ${end}`);
  for (const { result, name, findings } of cases) {
    const refused = findings.filter((finding) => !isAllowed(finding));
    if (result === 'skipped') count.skipped += 1;
    else
      decide(result === 'ok' && refused.length === 0, `${build}: ${name}, whose result is ${result}\n${refused.map(describe).join('\n')}`);
  }
  say(`${build}: ${cases.length} operations`);
}

function isAllowed({ kind, frames }) {
  const places = allowances.filter(({ kinds }) => kinds.includes(kind)).flatMap((allowance) => allowance.places);
  const place = places.find((functions) => functions.every((pattern, i) => matches(pattern, frames[i]?.name ?? '')));
  if (place !== undefined) met.add(place);
  return place !== undefined;
}

/** Whether a function's name is the pattern, in which * stands for any text. */
function matches(pattern, name) {
  const [first = '', ...rest] = pattern.split('*');
  if (rest.length === 0) return name === pattern;
  const last = rest.pop() ?? '';
  return name.startsWith(first) && name.endsWith(last) && rest.every((part) => name.includes(part));
}

function describe({ kind, frames }) {
  return `  ${kind} in ${frames.map(({ name, place }) => `${name} (${place})`).join('\n    by ')}`;
}

function decide(good, failure) {
  count[good ? 'passed' : 'failed'] += 1;
  if (!good) say(`FAILED ${failure}`);
}

function say(line) {
  process.stdout.write(`${line}\n`);
}
