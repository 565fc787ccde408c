/** The asymmetric operations per second in the addon's thread pool, as a client runs them: batches of 32, four on their way at a time. */
import {
  type Job,
  type JobOutcome,
  type KemScheme,
  type SignatureScheme,
  encapsulate,
  executeJobs,
  generateAgreementKeyPair,
  generateSigningKeyPair,
  kemSchemes,
  sign,
  signatureSchemes,
} from '../lib/core.js';
import { type Case, surveyShare } from './measure.js';
import { type Question, figureTask } from './task.js';

export const threadPoolQuestion: Question = () =>
  [...kemSchemes.flatMap(kemCases), ...signatureSchemes.flatMap(signatureCases)].map(figureTask);

const batchLength = 32;
const parallelBatches = 4;
const message = new Uint8Array(64).fill(0x5a);

function kemCases(scheme: KemScheme): Case[] {
  return [
    poolCase('kem.keygen.pool', scheme.name, () => ({ operation: 'agreement-key-pair', scheme })),
    poolCase('kem.encaps.pool', scheme.name, () => {
      const { publicKey } = generateAgreementKeyPair(scheme);
      return { operation: 'encapsulate', scheme, publicKey };
    }),
    poolCase('kem.decaps.pool', scheme.name, () => {
      const { publicKey, privateKey } = generateAgreementKeyPair(scheme);
      return { operation: 'decapsulate', scheme, privateKey, ciphertext: encapsulate(scheme, publicKey).ciphertext };
    }),
  ];
}

function signatureCases(scheme: SignatureScheme): Case[] {
  return [
    poolCase('signature.keygen.pool', scheme.name, () => ({ operation: 'signing-key-pair', scheme })),
    poolCase('sign.pool', scheme.name, () => {
      const { privateKey } = generateSigningKeyPair(scheme);
      return { operation: 'sign', scheme, privateKey, message };
    }),
    poolCase('verify.pool', scheme.name, () => {
      const { publicKey, privateKey } = generateSigningKeyPair(scheme);
      return { operation: 'verify', scheme, publicKey, message, signature: sign(scheme, privateKey, message) };
    }),
  ];
}

function poolCase(name: string, algorithm: string, makeJob: () => Job): Case {
  return {
    name,
    algorithm,
    about: `as ${name.replace('.pool', '')}, in the thread pool: ${parallelBatches} batches of up to ${batchLength} on their way`,
    share: surveyShare,
    prepare() {
      const job = makeJob();
      return {
        async run(iterations) {
          let left = iterations;
          const lane = async (): Promise<void> => {
            while (left > 0) {
              const length = Math.min(batchLength, Math.ceil(left / parallelBatches));
              left -= length;
              for (const outcome of await executeJobs(Array.from({ length }, () => job))) wipe(outcome);
            }
          };
          await Promise.all(Array.from({ length: parallelBatches }, lane));
        },
      };
    },
  };
}

/** Wipes what a job gave. */
function wipe(outcome: JobOutcome): void {
  if (!outcome.ok) throw outcome.error;
  const { value } = outcome;
  if (value === false) throw new Error('a genuine signature was refused');
  if (typeof value !== 'object') return;
  if ('wipe' in value) value.wipe();
  else if ('privateKey' in value) value.privateKey.wipe();
  else if ('sharedSecret' in value) value.sharedSecret.wipe();
}
