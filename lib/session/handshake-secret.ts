import { Secret, allocateSecret } from '../base/secret.js';

/** All agreed secrets one after another: `k1 || k2 || k3 [|| k4]`. The parts stay the caller's. Spec: crypto.md §6. */
export function joinSecrets(parts: readonly Secret<'SharedSecret'>[]): Secret<'HandshakeSecret'> {
  const joined = allocateSecret(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    joined.set(part.expose(), offset);
    offset += part.length;
  }
  return new Secret(joined);
}
