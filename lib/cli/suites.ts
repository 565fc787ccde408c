import type { Command } from 'commander';
import { type CipherSuite, suites } from '../index.js';
import { jsonOption } from './options.js';
import { Output } from './output.js';

interface SuitesOptions {
  readonly json?: boolean;
}

/** Adds `skissm suites`. */
export function addSuites(program: Command): void {
  program
    .command('suites')
    .description('list the cipher suites with their hash and the bytes of their keys, signatures and ciphertexts')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nEvery signature scheme makes a suite with every key agreement and every hash of 256 bits and more; SHA-256 is not named. The reference is e2ees v1.9.3.',
    )
    .action(listSuites);
}

async function listSuites({ json }: SuitesOptions): Promise<void> {
  const output = new Output(json === true);
  const rows = suites().map(rowOf);
  if (output.json) {
    for (const row of rows) await output.result({ event: 'suite', ...row }, '');
    return;
  }
  const width = Math.max(...rows.map(({ suite }) => suite.length));
  await output.result({ event: 'suites' }, [headline(width), ...rows.map((row) => lineOf(row, width))].join('\n'));
}

interface SuiteRow {
  readonly suite: string;
  readonly packId: string;
  readonly signingKey: number;
  readonly signature: number;
  readonly agreementKey: number;
  readonly ratchetKey: number;
  readonly hash: string;
  readonly reference: boolean;
}

function rowOf({ name, packId, signature, agreement, hash, isInReference }: CipherSuite): SuiteRow {
  return {
    suite: name,
    packId: `0x${packId.toString(16).padStart(8, '0')}`,
    signingKey: signature.publicKeyLength,
    signature: signature.signatureLength,
    agreementKey: agreement.publicKeyLength,
    ratchetKey: agreement.ratchetKeyLength,
    hash: hash.name,
    reference: isInReference,
  };
}

function headline(width: number): string {
  return `${'suite'.padEnd(width)}  pack id     signing key  signature  agreement key  ratchet key  hash      reference`;
}

function lineOf({ suite, packId, signingKey, signature, agreementKey, ratchetKey, hash, reference }: SuiteRow, width: number): string {
  const numbers = [String(signingKey).padStart(11), String(signature).padStart(9), String(agreementKey).padStart(13)];
  const last = `${hash.padEnd(8)}  ${reference ? 'speaks it' : 'does not'}`;
  return `${suite.padEnd(width)}  ${packId}  ${numbers.join('  ')}  ${String(ratchetKey).padStart(11)}  ${last}`;
}
