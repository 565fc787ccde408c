import { execFileSync } from 'node:child_process';
import { expect, test } from '@jest/globals';
import { addonFile } from './addon-under-test.js';

const onLinux = process.platform === 'linux' ? test : test.skip;

onLinux('the shipped module shows Node’s entry points to the process and nothing else', () => {
  const lines = execFileSync('nm', ['-D', '--defined-only', addonFile], { encoding: 'utf8' }).trimEnd().split('\n');
  expect(lines.map((line) => line.split(' ').at(-1)).sort()).toEqual(['napi_register_module_v1', 'node_api_module_get_api_version_v1']);
});

onLinux('the shipped module draws randomness from the system alone', () => {
  const needed = execFileSync('nm', ['-D', '--undefined-only', addonFile], { encoding: 'utf8' });
  expect(needed).toMatch(/\bgetentropy\b/);
  expect(needed).not.toMatch(/\b(?:rand|random|srand|drand48|mt19937)\b/);
});
