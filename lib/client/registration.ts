/**
 * Registering a device. Spec: one2one.md §1.1.
 *
 * Keys and the exact request are stored before anything is sent: after a crash, or an answer that was lost, the same call sends the same bytes,
 * and the relay answers as it did before.
 */
import { type SuppliedAccount, createAccount, currentSignedPreKey } from '../account/account.js';
import { identityKeyOf } from '../account/identity-key.js';
import { oneTimePreKeyPublic } from '../account/one-time-pre-key.js';
import { signedPreKeyPublic } from '../account/signed-pre-key.js';
import { noBytes } from '../base/bytes.js';
import { ProtocolError, TransportError, UsageError } from '../base/errors.js';
import { usualOneTimePreKeys } from '../base/limits.js';
import { defaultSuite } from '../crypto/cipher-suite.js';
import {
  accountKeys,
  deleteOneTimePreKey,
  deleteRegistration,
  deleteSignedPreKey,
  putCertificate,
  putCredentials,
  putIdentity,
  putNextOneTimePreKeyId,
  putOneTimePreKey,
  putRegistration,
  putSignedPreKey,
} from '../store/client/account-rows.js';
import { putIncarnation, putSchema } from '../store/client/peer-rows.js';
import { deleteRow } from '../store/client/row.js';
import type { Write } from '../store/store.js';
import { frameVersion } from '../wire/frame.js';
import { type AnswerOf, requests } from '../wire/request.js';

import type { Core } from './core.js';
import { accountLock } from './lock-names.js';
import type { RegisterOptions } from './options.js';
import { Plan } from './plan.js';
import { verifyCertificate } from './server-trust.js';
import type { Transition } from './step.js';
import { verdictOf } from './verdict.js';

/**
 * Makes the account of an empty store and registers it. Rejects with `UsageError('account-exists')`, `ProtocolError('registration-refused')` (nothing
 * is left in the store), `ProtocolError('certificate')`, `TransportError` and `StoreError` (the same call goes on).
 */
export async function registerAccount(core: Core, options: RegisterOptions): Promise<void> {
  if (core.account.isRegistered) throw new UsageError('account-exists', 'the store holds a registered account already');
  for (const field of ['userId', 'deviceId', 'authCode'] as const) {
    if (options[field] === '') throw new UsageError('registration-field', `${field} must not be empty`);
  }
  const request = await prepare(core, options);
  const answer = await ask(core, request, options.signal);
  const response = requests.register_user.decodeResponse(answer);
  if (!response.ok) {
    if (verdictOf(response.code, undefined) !== 'refused') {
      throw new TransportError('refused', `the relay refused the registration for now with code ${response.code}`);
    }
    await forget(core);
    throw new ProtocolError('registration-refused', `the relay refused the registration with code ${response.code}`);
  }
  await take(core, response.value, options.signal);
}

function askedOf(options: RegisterOptions): string {
  const { userName, userId, deviceId, authenticator, authCode, suite, oneTimePreKeys } = options;
  return JSON.stringify([
    userName ?? userId,
    userId,
    deviceId,
    authenticator ?? '',
    authCode,
    (suite ?? defaultSuite).packId,
    oneTimePreKeys ?? null,
  ]);
}

/** The request of a registration that was begun before, or of a new one, stored. */
async function prepare(core: Core, options: RegisterOptions): Promise<Uint8Array> {
  const { account } = core;
  const asked = askedOf(options);
  if (account.registration?.asked === asked) return account.registration.request;
  if (account.exists) await forget(core);
  return core.steps.run([accountLock], async (): Promise<Transition<Uint8Array>> => {
    const { asymmetric, clock, random } = core.options;
    const { userId, deviceId } = options;
    const suite = options.suite ?? defaultSuite;
    const userName = options.userName ?? userId;
    // The relay names the domain; until then nothing is addressed to us.
    const address = { domain: '', userId, deviceId, userName };
    const count = options.oneTimePreKeys ?? usualOneTimePreKeys(suite.agreement.publicKeyLength);
    const made = await asymmetric.run(createAccount({ suite, address, oneTimePreKeys: count, now: clock.now() }), options.signal);
    const request = encodeRequest(made, options, userName);
    const incarnation = new Uint8Array(16);
    random.fill(incarnation);
    const registration = { asked, request };
    const secrets = made.oneTimePreKeys.map(({ keyPair }) => keyPair.privateKey);
    return new Plan()
      .write(putSchema(), putIncarnation(incarnation), putIdentity(made.account), putRegistration(registration))
      .write(putNextOneTimePreKeyId(made.account.nextOneTimePreKeyId))
      .write(...made.account.signedPreKeys.map(putSignedPreKey), ...made.oneTimePreKeys.map(putOneTimePreKey))
      .apply(() => account.setRegistration(made.account, registration, incarnation))
      .retire(secrets)
      .finish(request);
  });
}

function encodeRequest({ account, oneTimePreKeys }: SuppliedAccount, options: RegisterOptions, userName: string): Uint8Array {
  return requests.register_user.encodeRequest({
    userName,
    userId: options.userId,
    deviceId: options.deviceId,
    authenticator: options.authenticator ?? '',
    authCode: options.authCode,
    suite: account.suite,
    identityKey: identityKeyOf(account.identity),
    signedPreKey: signedPreKeyPublic(currentSignedPreKey(account)),
    oneTimePreKeys: oneTimePreKeys.map(oneTimePreKeyPublic),
  });
}

/** A connection without a credential, for this one request. */
async function ask({ options }: Core, request: Uint8Array, signal: AbortSignal | undefined): Promise<Uint8Array> {
  const connection = await options.transport.connect({
    hello: {
      version: frameVersion,
      address: { domain: '', userId: '', deviceId: '' },
      credential: { kind: 'none' },
      incarnation: noBytes,
      commitCounter: 0,
      lastPushId: '',
      greeting: noBytes,
      previousGreeting: noBytes,
    },
    onPush: () => undefined,
    ...(signal === undefined ? {} : { signal }),
  });
  try {
    return await connection.request('register_user', request, signal === undefined ? {} : { signal });
  } finally {
    await connection.close();
  }
}

async function take(core: Core, answer: AnswerOf<'register_user'>, signal: AbortSignal | undefined): Promise<void> {
  const { account, options, peers, events } = core;
  const { address, certificate } = answer;
  const now = options.clock.now();
  if (certificate === undefined)
    throw new ProtocolError('certificate', 'the relay gave no certificate, so nothing it signs could be verified');
  await options.asymmetric.run(verifyCertificate(certificate, address.domain, now), signal);
  await core.steps.run([accountLock], () => {
    const registered = { ...account.account, address };
    const { userName: username, password, token, tokenExpires } = answer;
    const credentials = { username, password, token, tokenExpires };
    const plan = new Plan();
    // Remembered now, invited with the first connection: a crash in between forgets nobody.
    for (const device of [...answer.otherDevices, ...answer.contactDevices]) {
      if (device.deviceId !== address.deviceId || device.userId !== address.userId) plan.add(peers.meet(device, now, 'given'));
    }
    return plan
      .write(putIdentity(registered), putCredentials(credentials), putCertificate(certificate), deleteRegistration())
      .apply(() => account.setRegistered(registered, credentials, certificate))
      .afterwards(() => events.emit({ type: 'registered', address }))
      .finish(undefined);
  });
}

/** Removes an account that the relay did not take in. */
function forget({ steps, account }: Core): Promise<void> {
  return steps.run([accountLock], () => {
    const { signedPreKeys, nextOneTimePreKeyId } = account.account;
    const writes: Write[] = Object.values(accountKeys).map((key) => deleteRow('account', key));
    writes.push(...signedPreKeys.map(({ id }) => deleteSignedPreKey(id)));
    for (let id = 1; id < nextOneTimePreKeyId; id += 1) writes.push(deleteOneTimePreKey(id));
    return { writes, result: undefined, apply: () => account.wipe() };
  });
}
