import { rm, stat } from 'node:fs/promises';
import { Argument, Option, type Command } from 'commander';
import {
  decryptFile,
  deriveFileKey,
  encryptFile,
  generateFileKey,
  InternalError,
  loadFileKey,
  saveFileKey,
  StoreError,
  UsageError,
  type FileKey,
  type FileOptions,
} from '../index.js';
import { jsonOption } from './options.js';
import { Output } from './output.js';
import { readPassphrase } from './passphrase.js';
import { showProgress, type Progress } from './progress.js';
import { stopSignal } from './signals.js';

interface FileCommandOptions {
  readonly keyFile?: string;
  readonly passphraseFile?: string;
  readonly overwrite?: boolean;
  readonly json?: boolean;
}

const help = `
The target appears when it is complete, and a decrypted one when all of it is authentic; it is for its owner only (mode 0600).
Source and target may be the same with --overwrite.`;

const encryptHelp = `${help}

--key-file makes a new key for this file and writes it there before anything else. Keep it: without it nobody can decrypt.
--passphrase-file uses the reference's way from a passphrase to a key, which has no salt and no cost: take one that a machine
has made, as from "openssl rand -base64 24", and use each passphrase for ONE FILE ONLY. Two files under one passphrase give
away both.`;

/** Adds `skissm file`. */
export function addFile(program: Command): void {
  const file = program.command('file').description('encrypt and decrypt files');
  describe(file.command('encrypt'), 'encrypt a file', 'write a new key to this file, which must not exist')
    .addHelpText('after', encryptHelp)
    .action(encrypt);
  describe(file.command('decrypt'), 'decrypt a file', 'read the key from this file').addHelpText('after', help).action(decrypt);
}

function describe(command: Command, description: string, keyFile: string): Command {
  return command
    .description(description)
    .addArgument(new Argument('<source>', 'the file to read'))
    .addArgument(new Argument('<target>', 'the file to write'))
    .addOption(new Option('--key-file <path>', keyFile).conflicts('passphraseFile'))
    .addOption(new Option('--passphrase-file <path>', 'derive the key from the passphrase in this file; "-" is standard input'))
    .option('--overwrite', 'replace the target')
    .addOption(jsonOption());
}

async function encrypt(source: string, target: string, options: FileCommandOptions): Promise<void> {
  const { keyFile } = options;
  const output = new Output(options.json === true);
  using key = keyFile === undefined ? await keyOfPassphrase(options) : generateFileKey();
  if (keyFile !== undefined) await saveFileKey(keyFile, key);
  let length: number;
  try {
    ({ contentLength: length } = await working('encrypting', target, options, (how) => encryptFile(source, target, { ...how, key })));
  } catch (error) {
    // The target may be there after all, and then this key is the only one that opens it.
    const mayBeThere = error instanceof StoreError && error.code === 'outcome-unknown';
    if (keyFile !== undefined && !mayBeThere) await rm(keyFile, { force: true });
    throw error;
  }
  if (keyFile === undefined) {
    await output.remark(
      { event: 'warning', code: 'passphrase-once' },
      'use this passphrase for no other file: two under one give away both',
    );
  }
  const where = keyFile === undefined ? '' : `; its key is in ${keyFile}`;
  await output.result(
    { event: 'encrypted', source, target, length, ...(keyFile === undefined ? {} : { keyFile }) },
    `encrypted ${length} bytes of ${source} to ${target}${where}`,
  );
}

async function decrypt(source: string, target: string, options: FileCommandOptions): Promise<void> {
  const output = new Output(options.json === true);
  using key = options.keyFile === undefined ? await keyOfPassphrase(options) : await loadFileKey(options.keyFile);
  const length = await working('decrypting', target, options, (how) => decryptFile(source, target, key, how));
  await output.result({ event: 'decrypted', source, target, length }, `decrypted ${length} bytes of ${source} to ${target}`);
}

async function keyOfPassphrase({ passphraseFile }: FileCommandOptions): Promise<FileKey> {
  if (passphraseFile === undefined) throw new UsageError('arguments', 'give --key-file or --passphrase-file');
  using passphrase = await readPassphrase(passphraseFile);
  return deriveFileKey(passphrase.expose());
}

/** Does the work with a progress bar, until it is done or the user stops it. */
async function working<T>(label: string, target: string, options: FileCommandOptions, work: (how: FileOptions) => Promise<T>): Promise<T> {
  await refuseToReplace(options.keyFile ?? options.passphraseFile, target);
  const signal = stopSignal();
  let progress: Progress | undefined;
  const onProgress = (done: number, length: number): void => {
    progress ??= showProgress(label, length, 'bytes');
    progress.update(done);
  };
  try {
    return await work({ overwrite: options.overwrite === true, signal, onProgress });
  } catch (error) {
    if (error !== signal.reason) throw error;
    throw new InternalError('interrupted', `${label} was stopped; ${target} is as it was`, { cause: error });
  } finally {
    progress?.stop();
  }
}

/** A target that is the key's own file, under whatever name, would leave nobody able to decrypt. */
async function refuseToReplace(secretFile: string | undefined, target: string): Promise<void> {
  if (secretFile === undefined || secretFile === '-') return;
  const [kept, replaced] = await Promise.all([secretFile, target].map((name) => stat(name, { bigint: true }).catch(() => undefined)));
  if (kept === undefined || replaced === undefined || kept.dev !== replaced.dev || kept.ino !== replaced.ino) return;
  throw new UsageError('arguments', `${target} holds the secret: give another target`);
}
