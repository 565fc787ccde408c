/** Damage to any encoded message: its bytes, or its fields at any depth. */
import { concat, utf8 } from '../../lib/base/bytes.js';
import type { Dice } from './dice.js';
import { type RawField, delimited, encodeField, encodeFields, encodeHead, encodeVarint, parseFields } from './raw-fields.js';

/** A damaged message and what was done to it. */
export interface Mutated {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Nesting that no decoder should follow. */
const bombDepth = 5_000;
/** Elements that no list should hold. */
const hugeList = 20_000;

type ByteMutator = (bytes: Uint8Array, dice: Dice, donor: Uint8Array) => Uint8Array;

function changed(bytes: Uint8Array, at: number, value: number): Uint8Array {
  const out = Uint8Array.from(bytes);
  out[at] = value;
  return out;
}

const byteMutators: { readonly [name: string]: ByteMutator } = {
  'bit flip': (bytes, dice) => {
    const at = dice.below(bytes.length);
    return changed(bytes, at, bytes[at]! ^ (1 << dice.below(8)));
  },
  'byte set': (bytes, dice) => {
    const at = dice.below(bytes.length);
    return changed(bytes, at, (bytes[at]! + 1 + dice.below(255)) % 256);
  },
  truncation: (bytes, dice) => bytes.slice(0, dice.below(bytes.length)),
  extension: (bytes, dice) => concat([bytes, dice.bytes(1 + dice.below(40))]),
  insertion: (bytes, dice) => {
    const at = dice.below(bytes.length);
    return concat([bytes.subarray(0, at), dice.bytes(1 + dice.below(6)), bytes.subarray(at)]);
  },
  deletion: (bytes, dice) => {
    const at = dice.below(bytes.length);
    return concat([bytes.subarray(0, at), bytes.subarray(at + 1 + dice.below(20))]);
  },
  splice: (bytes, dice, donor) =>
    concat([bytes.subarray(0, dice.below(bytes.length)), donor.subarray(donor.length === 0 ? 0 : dice.below(donor.length))]),
};

/** Values that counters, enums and lengths are tried with. */
const numbers = [
  0n,
  1n,
  2n,
  3n,
  127n,
  128n,
  0x7fff_ffffn,
  0x8000_0000n,
  0xffff_fffen,
  0xffff_ffffn,
  0x1_0000_0000n,
  (1n << 53n) + 1n,
  (1n << 63n) - 1n,
  (1n << 64n) - 1n,
];

/** Texts and bytes that fields are tried with. */
const values: readonly (() => Uint8Array)[] = [
  () => new Uint8Array(0),
  () => utf8('x'),
  () => utf8('x'.repeat(257)),
  () => utf8('é'.repeat(200)),
  () => utf8('with\0nul'),
  () => Uint8Array.of(0xff, 0xfe, 0x80),
  () => Uint8Array.of(0xed, 0xa0, 0x80),
  () => new Uint8Array(32),
  () => new Uint8Array(70_000),
];

/** No UTF-8: a byte without its lead, a lead without its bytes, an overlong form, a surrogate, what lies beyond Unicode; and a NUL, which is. */
const brokenText = [[0x80], [0xc3], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0]].map((bytes) => Uint8Array.from(bytes));

type FieldMutator = (fields: readonly RawField[], dice: Dice) => Uint8Array;

function replaced(fields: readonly RawField[], at: number, bytes: Uint8Array): Uint8Array {
  return concat(fields.map((field, index) => (index === at ? bytes : encodeField(field))));
}

function nested(depth: number): Uint8Array {
  // Built from the inside out, each level a field 2 that holds the one before.
  const levels: Uint8Array[] = [];
  let length = 0;
  for (let level = 0; level < depth; level += 1) {
    const head = concat([encodeHead(2, 2), encodeVarint(BigInt(length))]);
    levels.push(head);
    length += head.length;
  }
  return concat(levels.reverse());
}

const fieldMutators: { readonly [name: string]: FieldMutator } = {
  'field removal': (fields, dice) => replaced(fields, dice.below(fields.length), new Uint8Array(0)),
  'field duplication': (fields, dice) => {
    const at = dice.below(fields.length);
    const twice = encodeField(fields[at]!);
    return replaced(fields, at, concat([twice, twice]));
  },
  'field reordering': (fields, dice) => encodeFields(dice.shuffled(fields)),
  'varint inflation': (fields, dice) => {
    const at = dice.below(fields.length);
    const field = fields[at]!;
    const padding = 1 + dice.below(12);
    if (field.wire === 0) return replaced(fields, at, concat([encodeHead(field.number, 0), encodeVarint(field.value, padding)]));
    if (field.wire !== 2 || dice.onceIn(2))
      return replaced(fields, at, concat([encodeHead(field.number, field.wire, padding), encodeField(field).subarray(1)]));
    return replaced(fields, at, concat([encodeHead(field.number, 2), encodeVarint(BigInt(field.value.length), padding), field.value]));
  },
  'length lie': (fields, dice) => {
    const at = dice.below(fields.length);
    const field = fields[at]!;
    const { value } = field;
    if (typeof value === 'bigint') return replaced(fields, at, concat([encodeHead(field.number, 2), encodeVarint(value)]));
    const lie = dice.pick([1n, -1n, 7n, 1n << 20n, 1n << 31n, 1n << 40n, -BigInt(value.length)]);
    return replaced(fields, at, concat([encodeHead(field.number, 2), encodeVarint(BigInt(value.length) + lie), value]));
  },
  'nesting bomb': (fields, dice) => {
    const number = dice.pick([dice.pick(fields).number, 2, 77]);
    const groups = new Uint8Array(bombDepth).fill(0x0b);
    return dice.onceIn(2) ? concat([encodeFields(fields), groups]) : encodeFields([...fields, delimited(number, nested(bombDepth))]);
  },
  'huge list': (fields, dice) => {
    const at = dice.below(fields.length);
    const field = fields[at]!;
    const short: RawField = field.wire === 0 ? field : delimited(field.number, dice.onceIn(2) ? new Uint8Array(0) : utf8('x'));
    const one = encodeField(short);
    const list = new Uint8Array(one.length * hugeList);
    for (let index = 0; index < hugeList; index += 1) list.set(one, index * one.length);
    return replaced(fields, at, concat([encodeField(field), list]));
  },
  'number out of range': (fields, dice) => {
    const places = fields.flatMap((field, index) => (field.wire === 0 ? [index] : []));
    const value = dice.pick(numbers);
    if (places.length === 0) return encodeFields([...fields, { number: 1 + dice.below(12), wire: 0, value }]);
    const at = dice.pick(places);
    return replaced(fields, at, encodeField({ number: fields[at]!.number, wire: 0, value }));
  },
  'value replaced': (fields, dice) => {
    const at = dice.below(fields.length);
    return replaced(fields, at, encodeField(delimited(fields[at]!.number, dice.pick(values)())));
  },
  'bytes resized': (fields, dice) => {
    const at = dice.below(fields.length);
    const { number, value } = fields[at]!;
    if (typeof value === 'bigint') return replaced(fields, at, encodeField({ number, wire: 0, value: value + 1n }));
    const resized = dice.onceIn(2)
      ? value.subarray(0, Math.max(0, value.length - 1 - dice.below(8)))
      : concat([value, dice.bytes(1 + dice.below(8))]);
    return replaced(fields, at, encodeField(delimited(number, resized)));
  },
  'field retyped': (fields, dice) => {
    const at = dice.below(fields.length);
    const { number, wire } = fields[at]!;
    const other = dice.pick(([0, 1, 2, 5] as const).filter((type) => type !== wire));
    const field: RawField =
      other === 0 ? { number, wire: 0, value: dice.pick(numbers) } : { number, wire: other, value: dice.bytes(other === 1 ? 8 : 4) };
    return replaced(fields, at, encodeField(field));
  },
  'numbers packed': (fields, dice) => {
    const at = dice.below(fields.length);
    const list = Array.from({ length: 1 + dice.below(20) }, () => encodeVarint(dice.pick(numbers)));
    return replaced(fields, at, encodeField(delimited(fields[at]!.number, concat(list))));
  },
  'text damaged': (fields, dice) => {
    const at = dice.below(fields.length);
    const { number, value } = fields[at]!;
    const text = typeof value === 'bigint' ? utf8('text') : value;
    const cut = dice.below(text.length + 1);
    return replaced(fields, at, encodeField(delimited(number, concat([text.subarray(0, cut), dice.pick(brokenText), text.subarray(cut)]))));
  },
  'field renumbered': (fields, dice) => {
    const at = dice.below(fields.length);
    return replaced(fields, at, encodeField({ ...fields[at]!, number: 1 + dice.below(130) }));
  },
};

/** Edits the message itself, or with even chances one inside it; lengths around what was edited are right again. */
function editSomewhere(bytes: Uint8Array, dice: Dice, edit: FieldMutator): Uint8Array | undefined {
  const fields = parseFields(bytes);
  if (fields === undefined || fields.length === 0) return undefined;
  const messages = fields.flatMap((field, index) => (field.wire === 2 && (parseFields(field.value)?.length ?? 0) > 0 ? [index] : []));
  if (messages.length === 0 || dice.onceIn(3)) return edit(fields, dice);
  const at = dice.pick(messages);
  const { number, value } = fields[at]!;
  const inner = typeof value === 'bigint' ? undefined : editSomewhere(value, dice, edit);
  return inner === undefined ? edit(fields, dice) : replaced(fields, at, encodeField(delimited(number, inner)));
}

const byteMutatorNames = Object.keys(byteMutators);

/** Damages the bytes as such. `donor` is another message of the same kind. */
export function damageBytes(bytes: Uint8Array, dice: Dice, donor: Uint8Array): Mutated {
  const name = dice.pick(byteMutatorNames);
  return { name, bytes: byteMutators[name]!(bytes, dice, donor) };
}

/** Bombs and huge lists, which are slow to make and all alike. */
const bombs = ['nesting bomb', 'huge list'];
const names = Object.keys(fieldMutators);
const lightNames = names.filter((name) => !bombs.includes(name));

/** Damages one field at any depth; `bombIn` makes bombs and huge lists that much rarer than the rest. */
export function damageFields(bytes: Uint8Array, dice: Dice, bombIn = 5): Mutated {
  const name = dice.pick(dice.onceIn(bombIn) ? names : lightNames);
  const edited = editSomewhere(bytes, dice, fieldMutators[name]!);
  return edited === undefined ? damageBytes(bytes, dice, bytes) : { name, bytes: edited };
}

/** Damages bytes or fields, and makes sure that something is different; `bombIn` as for {@link damageFields}. */
export function damage(bytes: Uint8Array, dice: Dice, donor: Uint8Array, bombIn?: number): Mutated {
  for (;;) {
    const mutated =
      bytes.length === 0 || dice.onceIn(3)
        ? damageBytes(bytes.length === 0 ? Uint8Array.of(0) : bytes, dice, donor)
        : damageFields(bytes, dice, bombIn);
    if (Buffer.compare(mutated.bytes, bytes) !== 0) return mutated;
  }
}
