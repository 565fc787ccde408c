/**
 * One scheme of each family and form. The others differ in sizes, which come from the addon's tables, and some take seconds for one call: they are
 * called rightly in test/crypto, against published values in test/vectors, and combined by `npm run suites`.
 */
const sample = [
  /^HQC-128$/u,
  /^ML-KEM-/u,
  // Rows of whole bytes and others, pivots that are chosen and not.
  /^Classic McEliece (?:348864|6960119F)$/u,
  /^Curve25519 signature$/u,
  /^ML-DSA-/u,
  /^Falcon-/u,
  /^SPHINCS\+-(?:SHA2|SHAKE)-128f-simple$/u,
];

const isSampled = ({ name }) => sample.some((pattern) => pattern.test(name));

/** The addon with fewer schemes in its tables. */
export function withSampledSchemes(addon) {
  return withSchemes(addon, isSampled);
}

/** The addon with ML-KEM and ML-DSA alone. */
export function withLatticeSchemes(addon) {
  return withSchemes(addon, ({ spec }) => spec === 'FIPS 203' || spec === 'FIPS 204');
}

function withSchemes(addon, isWanted) {
  const kems = addon.kemSchemes().filter(isWanted);
  const signatures = addon.signatureSchemes().filter(isWanted);
  return { ...addon, kemSchemes: () => kems, signatureSchemes: () => signatures };
}
