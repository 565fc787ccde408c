/**
 * Sequences of calls of the addon with random arguments, right and wrong. Whatever comes back is a result or an error with a code; inputs are as
 * they were, and nothing next to an output has changed. Memory errors are the sanitizers' to find.
 */
import { exportTable, jobOf, valuesOf } from '../native/export-table.mjs';
import { Tape } from './tape.mjs';
import { Thrown, detach, isPlain, strangeBytes, strangeJobs, strangeLists, strangeNumbers } from './strange-values.mjs';

/** Bytes before and after an output that nobody may touch. */
const guard = 16;
const guardFill = 0xa5;
/** Calls of one input, at most. */
const mostCalls = 4;
/** Wrong arguments of one call, at most. */
const mostWrong = 3;
/** Schemes of which a right call takes seconds under a sanitizer. exercise.mjs goes through all. */
const slow = /McEliece|SPHINCS/u;

/** The addon without those. */
function quick(addon) {
  const isQuick = ({ name }) => !slow.test(name);
  return {
    ...addon,
    kemSchemes: () => addon.kemSchemes().filter(isQuick),
    signatureSchemes: () => addon.signatureSchemes().filter(isQuick),
  };
}

const guarded = (length) => {
  const memory = new Uint8Array(length + 2 * guard).fill(guardFill);
  return memory.subarray(guard, guard + length);
};

function guardIsWhole(bytes) {
  const { buffer, byteOffset, length } = bytes;
  if (buffer.byteLength === 0) return true;
  const memory = new Uint8Array(buffer);
  return [memory.subarray(0, byteOffset), memory.subarray(byteOffset + length)].every((part) => part.every((byte) => byte === guardFill));
}

/** Plays the calls of inputs. */
export class AddonCalls {
  #addon;
  #rows;

  constructor(addon) {
    this.#addon = addon;
    this.#rows = exportTable(quick(addon));
  }

  /** Makes the calls that `input` says; gives what came of them as texts. Throws for what must not happen. */
  async run(input) {
    const tape = new Tape(input);
    const features = [];
    for (let left = 1 + tape.below(mostCalls); left > 0; left -= 1) features.push(...(await this.#call(tape)));
    return features;
  }

  async #call(tape) {
    const row = tape.pick(this.#rows);
    const planned = this.#arguments(tape, row);
    const isJob = row.operation !== undefined && tape.onceIn(3);
    const label = `${isJob ? 'batch ' : ''}${row.label}`;
    const outcome = isJob ? await this.#batch(tape, row, planned) : await this.#direct(row, planned);
    check(label, planned);
    return planned.wrong.length === 0 ? [`${label}: ${outcome}`] : planned.wrong.map((what) => `${row.name} ${what}: ${outcome}`);
  }

  async #direct(row, { values }) {
    try {
      const result = await this.#addon[row.name](...values);
      return Array.isArray(result) ? 'list' : typeof result;
    } catch (error) {
      return codeOf(row.label, error);
    }
  }

  async #batch(tape, row, planned) {
    const job = jobOf(row, planned.values);
    const jobs = [job];
    if (tape.onceIn(2)) {
      const [name, spoil] = tape.pick(Object.entries(strangeJobs));
      planned.wrong.push(name);
      planned.isShared = true;
      spoil(job);
    }
    if (tape.onceIn(3)) jobs.push(jobOf(row, valuesOf(row.make())));
    try {
      const promise = this.#addon.runBatch(jobs);
      if (tape.onceIn(3)) meddle(tape, planned);
      const results = await promise;
      return `batch of ${typeof results[0]}`;
    } catch (error) {
      return codeOf(row.label, error);
    }
  }

  /** Right arguments, then some of them replaced. */
  #arguments(tape, row) {
    const table = row.make();
    const values = table.map(({ kind, value }) => {
      if (kind !== 'output') return value;
      const bytes = guarded(value.length);
      bytes.set(value);
      return bytes;
    });
    const planned = { values: [...values], wrong: [], isShared: false, guards: [], inputs: [] };
    for (let left = tape.below(mostWrong + 1); left > 0; left -= 1) this.#spoil(tape, row, table, planned);
    for (const [index, { kind, value }] of table.entries()) {
      const bytes = planned.values[index];
      if (kind === 'output' && bytes === values[index] && bytes.byteOffset === guard) planned.guards.push(bytes);
      if (kind === 'input' && bytes === value) planned.inputs.push({ bytes, before: bytes.slice() });
    }
    return planned;
  }

  #spoil(tape, row, table, planned) {
    const { values, wrong } = planned;
    const index = tape.below(table.length + 1);
    const argument = table[index];
    if (argument === undefined) {
      if (tape.onceIn(2)) values.push(tape.pick(Object.values(strangeNumbers))());
      else values.pop();
      wrong.push(`${values.length} arguments`);
      return;
    }
    const { kind, value } = argument;
    if (kind === 'jobs') {
      const [name, make] = tape.pick(Object.entries(strangeLists));
      const other = this.#rows.find(({ operation }) => operation === 'chain-walk');
      values[index] = make(jobOf(other, valuesOf(other.make())));
      wrong.push(`${index} ${name}`);
    } else if (kind === 'input' || kind === 'output') {
      const bytes = values.filter(isPlain);
      if (bytes.length > 0 && tape.onceIn(5)) {
        planned.isShared = true;
        values[index] = overlapping(tape, tape.pick(bytes), value.length);
        wrong.push(`${index} overlaps`);
        return;
      }
      const [name, make] = tape.pick(Object.entries(strangeBytes));
      values[index] = make(value.length);
      wrong.push(`${index} ${name}`);
    } else {
      const [name, make] = tape.pick(Object.entries(strangeNumbers));
      values[index] = make();
      wrong.push(`${index} ${name}`);
    }
  }
}

/** A view of the memory of another argument, wherever it fits. */
function overlapping(tape, bytes, length) {
  const { buffer } = bytes;
  if (buffer.byteLength < length) return bytes;
  const room = buffer.byteLength - length;
  return new Uint8Array(buffer, room === 0 ? 0 : tape.below(Math.min(room, 65_535) + 1), length);
}

/** Changes or takes away the memory of arguments while the pool works: it has copies, and outputs that are gone are an error. */
function meddle(tape, planned) {
  planned.isShared = true;
  for (const bytes of planned.values) {
    if (!isPlain(bytes) || bytes.buffer.byteLength === 0) continue;
    if (tape.onceIn(2)) bytes.fill(0x77);
    else detach(bytes);
  }
}

function check(label, { isShared, guards, inputs }) {
  if (isShared) return;
  if (!guards.every(guardIsWhole)) throw new Error(`${label}: memory next to an output was changed`);
  for (const { bytes, before } of inputs) {
    if (Buffer.compare(bytes, before) !== 0) throw new Error(`${label}: an input was changed`);
  }
}

/** The code of an error of the addon; a getter's own error is as good. */
function codeOf(label, error) {
  if (error instanceof Thrown) return 'thrown by a getter';
  const code = error?.code;
  if (typeof code !== 'string' || !/^[a-z-]+$/u.test(code)) throw new Error(`${label}: an error without a code: ${String(error)}`);
  return code;
}
