/** What a decoded value looks like, without what it says: which fields are there, how long lists, texts and bytes are. */

/** Depth to which values are looked at; the deepest of ours is under it. */
const maxDepth = 6;

/** Lengths that decoders and handlers are likely to tell apart share no class. */
function lengthClass(length: number): number {
  return length < 3 ? length : 2 + Math.ceil(Math.log2(length) / 2);
}

function numberClass(value: number): string {
  return value < 0 ? '-' : String(lengthClass(value));
}

/** One text per field that is there, with the class of its value, added to `out`. */
export function shapeOf(value: unknown, path: string, out: string[] = [], depth = 0): string[] {
  if (value === undefined || value === null || depth > maxDepth) return out;
  if (typeof value === 'string') out.push(`${path} text ${lengthClass(value.length)}`);
  else if (typeof value === 'number') out.push(`${path} number ${numberClass(value)}`);
  else if (value instanceof Uint8Array) out.push(`${path} bytes ${lengthClass(value.length)}`);
  else if (typeof value === 'boolean') out.push(`${path} ${value}`);
  else if (typeof value !== 'object') out.push(`${path} ${typeof value}`);
  else if (Array.isArray(value)) {
    out.push(`${path} list ${lengthClass(value.length)}`);
    for (const element of value.slice(0, 2)) shapeOf(element, `${path}[]`, out, depth + 1);
  } else {
    for (const [name, inner] of Object.entries(value)) {
      // Names of kinds are worth telling apart.
      if (name === 'kind' || name === 'state' || name === 'role') out.push(`${path}.${name} ${String(inner)}`);
      else shapeOf(inner, `${path}.${name}`, out, depth + 1);
    }
  }
  return out;
}
