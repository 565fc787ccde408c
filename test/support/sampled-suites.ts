/** A few of the cipher suites: all of them are many, and with some a handshake takes seconds. `npm run suites` goes through all. */
import { type CipherSuite, suites } from '../../lib/crypto/cipher-suite.js';

/** As few suites as together have every signature scheme and every agreement scheme. */
export function sampledSuites(): readonly CipherSuite[] {
  const signatures = [...new Set(suites().map(({ signature }) => signature))];
  const agreements = [...new Set(suites().map(({ agreement }) => agreement))];
  const count = Math.max(signatures.length, agreements.length);
  return Array.from({ length: count }, (_, index) => {
    const [signature, agreement] = [signatures[index % signatures.length], agreements[index % agreements.length]];
    const suite = suites().find((each) => each.signature === signature && each.agreement === agreement);
    if (suite === undefined) throw new Error('two schemes make no suite');
    return suite;
  });
}
