/** All questions that `bench/` answers, in the order of the report. */
import { type CipherSuite, defaultSuite, suiteByName } from '../lib/index.js';
import { clientSendQuestion } from './client-send.js';
import { fileQuestion } from './file.js';
import { groupQuestion } from './group.js';
import { importTimeQuestion } from './import-time.js';
import { kemQuestion } from './kem.js';
import { latencyQuestion } from './latency.js';
import { memoryQuestion } from './memory.js';
import { registrationQuestion } from './registration.js';
import { relayRequestsQuestion } from './relay-requests.js';
import { sessionQuestion } from './session.js';
import { signatureQuestion } from './signature.js';
import { sizesQuestion } from './sizes.js';
import { symmetricQuestion } from './symmetric.js';
import type { Question, Task } from './task.js';
import { threadPoolQuestion } from './thread-pool.js';

const questions: readonly Question[] = [
  kemQuestion,
  signatureQuestion,
  threadPoolQuestion,
  symmetricQuestion,
  sessionQuestion,
  groupQuestion,
  clientSendQuestion,
  registrationQuestion,
  relayRequestsQuestion,
  latencyQuestion,
  fileQuestion,
  memoryQuestion,
  importTimeQuestion,
  sizesQuestion,
];

/** The suites of a run that names none: the default, and beside it the smallest, another family, large keys, and the classical one. */
export const usualSuites: readonly [CipherSuite, ...CipherSuite[]] = [
  defaultSuite,
  suiteByName('mldsa44-mlkem512'),
  suiteByName('falcon1024-hqc256'),
  suiteByName('mldsa87-classicmceliece6688128f'),
  suiteByName('curve25519'),
];

/** The steps for `suites` whose names begin with one of `prefixes`; all steps without any. */
export function tasksOf(suites: readonly [CipherSuite, ...CipherSuite[]], prefixes: readonly string[]): readonly Task[] {
  const tasks = questions.flatMap((question) => question(suites));
  return prefixes.length === 0 ? tasks : tasks.filter(({ name }) => prefixes.some((prefix) => name.startsWith(prefix)));
}
