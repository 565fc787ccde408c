/** Reading of vector files: every access says what is missing, so that a file of another shape fails loudly instead of testing nothing. */

/** An object of a parsed JSON file. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Takes `value` for an object. */
export function asObject(value: unknown, what: string): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error(`${what} is not an object`);
  return value as JsonObject;
}

/** The objects of the list `key`. */
export function objects(from: JsonObject, key: string): readonly JsonObject[] {
  const list = from[key];
  if (!Array.isArray(list)) throw new Error(`${key} is not a list`);
  return list.map((entry: unknown) => asObject(entry, key));
}

/** The text `key`. */
export function text(from: JsonObject, key: string): string {
  const value = from[key];
  if (typeof value !== 'string') throw new Error(`${key} is not a text`);
  return value;
}

/** The text `key`, or `undefined` when it is absent or null. */
export function optionalText(from: JsonObject, key: string): string | undefined {
  const value = from[key];
  return value === undefined || value === null ? undefined : text(from, key);
}

/** The number `key`. */
export function number(from: JsonObject, key: string): number {
  const value = from[key];
  if (typeof value !== 'number') throw new Error(`${key} is not a number`);
  return value;
}

/** The truth value `key`. */
export function flag(from: JsonObject, key: string): boolean {
  const value = from[key];
  if (typeof value !== 'boolean') throw new Error(`${key} is not true or false`);
  return value;
}

/** The texts of the list `key`, none when it is absent. */
export function texts(from: JsonObject, key: string): readonly string[] {
  const list = from[key] ?? [];
  if (!Array.isArray(list) || !list.every((entry) => typeof entry === 'string')) throw new Error(`${key} is not a list of texts`);
  return list;
}

/** The bytes that `hex` writes. */
export function fromHex(hex: string): Uint8Array {
  if (!/^(?:[0-9a-f]{2})*$/iu.test(hex)) throw new Error('a value is not hexadecimal');
  return new Uint8Array(Buffer.from(hex, 'hex'));
}

/** The hexadecimal bytes `key`. */
export function bytes(from: JsonObject, key: string): Uint8Array {
  return fromHex(text(from, key));
}

/** The hexadecimal bytes `key`, or `undefined` when it is absent or null. */
export function optionalBytes(from: JsonObject, key: string): Uint8Array | undefined {
  const value = optionalText(from, key);
  return value === undefined ? undefined : fromHex(value);
}
