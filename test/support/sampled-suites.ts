/** A few of the cipher suites: all of them are many, and with some a handshake takes seconds. `npm run suites` goes through all. */
import { type CipherSuite, suites } from '../../lib/crypto/cipher-suite.js';

/** As few suites as together have every signature scheme, every agreement scheme and every hash. */
export function sampledSuites(): readonly CipherSuite[] {
  const signatures = [...new Set(suites().map(({ signature }) => signature))];
  const agreements = [...new Set(suites().map(({ agreement }) => agreement))];
  const hashes = [...new Set(suites().map(({ hash }) => hash))];
  const count = Math.max(signatures.length, agreements.length, hashes.length);
  return Array.from({ length: count }, (_, index) => {
    const [signature, agreement, hash] = [signatures, agreements, hashes].map((all) => all[index % all.length]);
    const suite = suites().find((each) => each.signature === signature && each.agreement === agreement && each.hash === hash);
    if (suite === undefined) throw new Error('a signature scheme, a key agreement and a hash make no suite');
    return suite;
  });
}
