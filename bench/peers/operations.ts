/** What a KEM does, by the names of the figures. */
export type KemOperation = 'keygen' | 'encaps' | 'decaps';

/** What a signature scheme does, by the names of the figures. */
export type SignatureOperation = 'keygen' | 'sign' | 'verify';
