/**
 * The branches and addresses that depend on secrets and are allowed, each with its reason. A place is told by the functions around it, innermost
 * first; those that the compiler inlined are among them; * stands for any text. `known` marks what is no design but a weakness of code that is not
 * ours: SECURITY.md tells what it means. An address that is allowed ends the trail: what is looked up there counts as public.
 */
export const allowances = [
  {
    name: 'a private key is refused because it is damaged',
    reason: 'Of a key that is valid every comparison ends in the same way; of one that is not, the error says so anyway.',
    kinds: ['branch'],
    places: [
      ['bool skissm::IsValidMlKemPrivateKey<*'],
      ['skissm::IsClampedCurve25519PrivateKey(*'],
      ['PQCLEAN_FALCON*_CLEAN_trim_i8_decode'],
      ['PQCLEAN_FALCON*_CLEAN_complete_private'],
      ['skissm::KemDecapsulate(*'],
      ['skissm::Sign(*'],
    ],
  },
  {
    name: 'AES-256-GCM: the tag matches or not',
    reason: 'Whether a message is authentic is the result. The tags were compared before that without a branch per byte.',
    kinds: ['branch'],
    places: [['skissm::AcceleratedAesGcmOpen(*'], ['mbedtls_gcm_auth_decrypt'], ['skissm::AeadOpen(*']],
  },
  {
    name: 'AES-256-GCM in mbed TLS: the counter carries',
    reason:
      'Incrementing stops at the first byte that does not wrap. With an IV that is not of 12 bytes the counter begins at a hash under the key.',
    known: true,
    kinds: ['branch'],
    places: [['mbedtls_gcm_update']],
  },
  {
    name: 'AES-256-GCM in mbed TLS: tables',
    reason: 'Without AES-NI mbed TLS looks S-boxes and products up in tables by bytes of key and state.',
    known: true,
    kinds: ['address'],
    places: [['mbedtls_aes_setkey_enc'], ['mbedtls_internal_aes_encrypt'], ['gcm_mult']],
  },
  {
    name: 'HQC: a loop that begins and ends at a secret number',
    reason:
      'A false alarm. It makes 64 steps whatever the number: gcc counts from the position of a bit in its word down to that position less 64.',
    kinds: ['branch'],
    places: [['single_bit_mask', 'PQCLEAN_HQC*_CLEAN_vect_set_random_fixed_weight']],
  },
  {
    name: 'ML-DSA: the challenge of an attempt',
    reason:
      'It is a hash of what is signed and of the commitment; that of a rejected attempt tells nothing of the key without its commitment.',
    kinds: ['branch', 'address'],
    places: [['PQCLEAN_MLDSA*_CLEAN_poly_challenge']],
  },
  {
    name: 'ML-DSA: an attempt is rejected',
    reason:
      'Rejection is the design (FIPS 204, Algorithm 7): which attempts fail does not depend on the key, nor which coefficient is too large first; hints follow from the answer z and the public key.',
    kinds: ['branch'],
    places: [['PQCLEAN_MLDSA*_CLEAN_poly_chknorm'], ['PQCLEAN_MLDSA*_CLEAN_make_hint'], ['PQCLEAN_MLDSA*_CLEAN_crypto_sign_signature_ctx']],
  },
  {
    name: 'ML-DSA: a signature is written',
    reason: 'The positions of its hints are a part of it.',
    kinds: ['branch'],
    places: [['PQCLEAN_MLDSA*_CLEAN_pack_sig']],
  },
  {
    name: 'Falcon: a sample or a signature is rejected',
    reason:
      'Rejection is the design: how often depends, to all that is known, neither on the key nor on the sample, but is not claimed to be constant.',
    kinds: ['branch'],
    places: [
      ['BerExp', 'PQCLEAN_FALCON*_CLEAN_sampler'],
      ['PQCLEAN_FALCON*_CLEAN_sampler'],
      ['do_sign_dyn', 'PQCLEAN_FALCON*_CLEAN_sign_dyn'],
    ],
  },
  {
    name: 'Falcon: a signature is written',
    reason: 'Its numbers are compressed to as many bits as they need; they are public.',
    kinds: ['branch'],
    places: [['PQCLEAN_FALCON*_CLEAN_comp_encode']],
  },
];
