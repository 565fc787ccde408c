import { expect, test } from '@jest/globals';
import { suites } from '../../lib/crypto/cipher-suite.js';
import { sampledSuites } from '../support/sampled-suites.js';
import { converse } from './conversation.js';

test('the sample has every signature scheme, every key agreement and every hash', () => {
  const sample = sampledSuites();
  expect(new Set(sample.map(({ signature }) => signature))).toEqual(new Set(suites().map(({ signature }) => signature)));
  expect(new Set(sample.map(({ agreement }) => agreement))).toEqual(new Set(suites().map(({ agreement }) => agreement)));
  expect(new Set(sample.map(({ hash }) => hash))).toEqual(new Set(suites().map(({ hash }) => hash)));
});

test.each(sampledSuites().map((suite) => [suite.name, suite] as const))('%s carries a conversation and a group', async (_name, suite) => {
  await expect(converse(suite)).resolves.toBeUndefined();
});
