/** Arguments that an export of the addon must refuse or do no harm with. Each is made when it is used. */
import { types } from 'node:util';

/** An error of ours: what a getter throws must come out as it is. */
export class Thrown extends Error {}

function raise() {
  throw new Thrown('thrown by a getter');
}

class Subclass extends Uint8Array {}

function detached(length) {
  const bytes = new Uint8Array(length);
  detach(bytes);
  return bytes;
}

/** A view that is none of a proxy and says the truth: it can be asked for its memory. */
export function isPlain(value) {
  return types.isUint8Array(value) && Object.getPrototypeOf(value) === Uint8Array.prototype && !Object.hasOwn(value, 'buffer');
}

/** Takes the memory of a view away, if that is possible and has not happened. */
export function detach(bytes) {
  if (!isPlain(bytes) || !types.isArrayBuffer(bytes.buffer) || bytes.buffer.byteLength === 0) return;
  globalThis.structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
}

function lying(length, claims) {
  const bytes = new Uint8Array(length);
  for (const [name, value] of Object.entries(claims)) Object.defineProperty(bytes, name, { value });
  return bytes;
}

function shrunk(length) {
  const buffer = new ArrayBuffer(length + 8, { maxByteLength: length + 64 });
  const bytes = new Uint8Array(buffer, 4, length);
  buffer.resize(2);
  return bytes;
}

/** Where bytes are expected; `length` is what would be right. */
export const strangeBytes = {
  undefined: () => undefined,
  null: () => null,
  number: (length) => length,
  text: (length) => 'x'.repeat(Math.min(length, 64)),
  array: (length) => Array.from({ length: Math.min(length, 64) }, () => 0),
  'object with a length': (length) => ({ length, 0: 1 }),
  'object with the prototype': () => Object.create(Uint8Array.prototype),
  proxy: (length) => new Proxy(new Uint8Array(length), {}),
  'proxy that throws': (length) => new Proxy(new Uint8Array(length), { get: raise, has: raise, getPrototypeOf: raise }),
  'revoked proxy': (length) => {
    const { proxy, revoke } = Proxy.revocable(new Uint8Array(length), {});
    revoke();
    return proxy;
  },
  ArrayBuffer: (length) => new ArrayBuffer(length),
  DataView: (length) => new DataView(new ArrayBuffer(length)),
  Uint16Array: (length) => new Uint16Array(length),
  Float64Array: (length) => new Float64Array(Math.ceil(length / 8)),
  BigUint64Array: (length) => new BigUint64Array(Math.ceil(length / 8)),
  Int8Array: (length) => new Int8Array(length),
  Uint8ClampedArray: (length) => new Uint8ClampedArray(length),
  'shared memory': (length) => new Uint8Array(new SharedArrayBuffer(length)),
  'growable shared memory': (length) => new Uint8Array(new SharedArrayBuffer(length, { maxByteLength: length + 8 })),
  'resizable memory': (length) => new Uint8Array(new ArrayBuffer(length, { maxByteLength: length + 8 })),
  'memory that has shrunk': shrunk,
  detached,
  subclass: (length) => new Subclass(length),
  Buffer: (length) => Buffer.alloc(length),
  'pooled Buffer': (length) => Buffer.from(new Uint8Array(length)),
  'claims 2^31 bytes': (length) => lying(length, { length: 2 ** 31, byteLength: 2 ** 31 }),
  'claims another buffer': (length) => lying(length, { buffer: new ArrayBuffer(1), byteOffset: 1_000_000 }),
  empty: () => new Uint8Array(0),
  'one byte less': (length) => new Uint8Array(Math.max(0, length - 1)),
  'one byte more': (length) => new Uint8Array(length + 1),
  'twice as long': (length) => new Uint8Array(2 * length + 1),
  '64 KiB': () => new Uint8Array(65_536),
  'all ones': (length) => new Uint8Array(length).fill(0xff),
  zeros: (length) => new Uint8Array(length),
};

/** Where a number is expected. */
export const strangeNumbers = {
  undefined: () => undefined,
  null: () => null,
  text: () => '33',
  boolean: () => true,
  BigInt: () => 33n,
  symbol: () => Symbol('33'),
  object: () => ({}),
  'object that is a number': () => ({ valueOf: () => 33, [Symbol.toPrimitive]: () => 33 }),
  'object that throws': () => ({ valueOf: raise, [Symbol.toPrimitive]: raise, toString: raise }),
  'Number object': () => Object(33),
  '-1': () => -1,
  '-0': () => -0,
  fraction: () => 0.5,
  NaN: () => NaN,
  Infinity: () => Infinity,
  '-Infinity': () => -Infinity,
  '2^31': () => 2 ** 31,
  '2^32': () => 2 ** 32,
  '2^32 + 49': () => 2 ** 32 + 49,
  '2^53': () => 2 ** 53,
  greatest: () => Number.MAX_VALUE,
  '65,536': () => 65_536,
  '65,537': () => 65_537,
  zero: () => 0,
  'three hundred': () => 300,
};

/** Where a list of jobs is expected; `job` is a right one. */
export const strangeLists = {
  undefined: () => undefined,
  null: () => null,
  number: () => 1,
  text: () => 'jobs',
  'object with a length': (job) => ({ length: 2 ** 31, 0: job }),
  'array with holes': (job) => Object.assign(new Array(5), { 3: job }),
  'long array with holes': () => new Array(70_000),
  'array of nothing': () => [undefined, null, 1, 'x'],
  'nested arrays': (job) => [[job]],
  proxy: (job) => new Proxy([job], {}),
  'proxy that throws': (job) => new Proxy([job], { get: raise }),
  'array with a getter that throws': (job) => Object.defineProperty([job], 0, { get: raise }),
  'typed array': () => new Uint8Array(4),
  'the same job twice': (job) => [job, job],
  'a thousand jobs': (job) => Array.from({ length: 1_000 }, () => ({ ...job })),
};

/** What can be wrong with a job; each changes a copy of one. */
export const strangeJobs = {
  'no operation': (job) => delete job.operation,
  'operation of another kind': (job) => (job.operation = 7),
  'unknown operation': (job) => (job.operation = 'chain-wa'),
  'long operation': (job) => (job.operation = 'x'.repeat(100_000)),
  'operation of an object': (job) => (job.operation = String),
  'no inputs': (job) => delete job.inputs,
  'inputs of another kind': (job) => (job.inputs = new Uint8Array(3)),
  'more inputs': (job) => (job.inputs = [...(job.inputs ?? []), new Uint8Array(3)]),
  'many inputs': (job) => (job.inputs = new Array(20_000).fill(new Uint8Array(1))),
  'inputs with holes': (job) => (job.inputs = new Array(3)),
  'fewer outputs': (job) => (job.outputs = []),
  'more outputs': (job) => (job.outputs = [...(job.outputs ?? []), new Uint8Array(3)]),
  'outputs that are the inputs': (job) => (job.outputs = job.inputs),
  'getter that throws': (job) => Object.defineProperty(job, 'inputs', { get: raise, configurable: true }),
  'operation that throws': (job) => Object.defineProperty(job, 'operation', { get: raise, configurable: true }),
  'outputs that detach the inputs': (job) => {
    const { inputs, outputs } = job;
    Object.defineProperty(job, 'outputs', {
      configurable: true,
      get: () => {
        if (Array.isArray(inputs)) inputs.forEach(detach);
        return outputs;
      },
    });
  },
  'no scheme': (job) => delete job.scheme,
  'no count': (job) => delete job.count,
  'no prototype': (job) => Object.setPrototypeOf(job, null),
  frozen: (job) => Object.freeze(job),
};
