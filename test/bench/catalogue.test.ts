import { expect, test } from '@jest/globals';
import { tasksOf, usualSuites } from '../../bench/catalogue.js';
import { kemSchemes, signatureSchemes } from '../../lib/core.js';
import { defaultSuite } from '../../lib/index.js';

const tasks = tasksOf(usualSuites, []);

test('the names that runs are compared by are measured', () => {
  const names = new Set(tasks.map(({ name }) => name));
  const headlines = [
    ...['session.roundtrip.64B', 'session.roundtrip.64B.single', 'session.pingpong.64B', 'session.handshake'],
    ...['group.50.64B', 'group.create.250', 'client.send.sqlite.64B', 'file.encrypt.64MiB', 'register', 'relay.requests'],
    ...['kem.keygen', 'kem.encaps', 'kem.decaps', 'diffie-hellman.agree', 'signature.keygen', 'sign', 'verify'],
    ...['aead.seal.64B', 'aead.seal.1MiB', 'sha256.1KiB', 'hmac.32B'],
  ];
  expect(headlines.filter((name) => !names.has(name))).toEqual([]);
});

test('every algorithm is measured, inline and in the thread pool', () => {
  const subjectsOf = (name: string): (string | undefined)[] => tasks.filter((task) => task.name === name).map(({ subject }) => subject);
  for (const operation of ['kem.keygen', 'kem.encaps', 'kem.decaps'].flatMap((name) => [name, `${name}.pool`])) {
    expect(subjectsOf(operation)).toEqual(kemSchemes.map(({ name }) => name));
  }
  for (const operation of ['signature.keygen', 'sign', 'verify'].flatMap((name) => [name, `${name}.pool`])) {
    expect(subjectsOf(operation)).toEqual(signatureSchemes.map(({ name }) => name));
  }
});

test('no two tasks have the same name and subject', () => {
  const keys = tasks.map(({ name, subject }) => `${name} ${subject ?? ''}`);
  expect(keys.filter((key, index) => keys.indexOf(key) !== index)).toEqual([]);
});

test('prefixes choose', () => {
  expect(tasksOf([defaultSuite], ['group.50']).map(({ name }) => name)).toEqual([
    'group.50.64B',
    'group.50.send.64B',
    'group.50.receive.64B',
  ]);
  expect(tasksOf([defaultSuite], ['nothing'])).toEqual([]);
});
