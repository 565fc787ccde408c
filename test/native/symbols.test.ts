import { execFileSync } from 'node:child_process';
import { describe, expect, test } from '@jest/globals';
import { moduleFile, nativeBuilds } from '../support/native-modules.js';

const onLinux = process.platform === 'linux' ? test : test.skip;

describe.each(nativeBuilds())('the shipped module of the build %s', (build) => {
  onLinux('shows Node’s entry points to the process and nothing else', () => {
    const lines = execFileSync('nm', ['-D', '--defined-only', moduleFile('skissm', build)], { encoding: 'utf8' })
      .trimEnd()
      .split('\n');
    expect(lines.map((line) => line.split(' ').at(-1)).sort()).toEqual(['napi_register_module_v1', 'node_api_module_get_api_version_v1']);
  });

  onLinux('draws randomness from the system alone', () => {
    const needed = execFileSync('nm', ['-D', '--undefined-only', moduleFile('skissm', build)], { encoding: 'utf8' });
    expect(needed).toMatch(/\bgetentropy\b/);
    expect(needed).not.toMatch(/\b(?:rand|random|srand|drand48|mt19937)\b/);
  });

  onLinux('keeps the constant-time helpers of ML-KEM as functions of their own', () => {
    const symbols = execFileSync('nm', [moduleFile('skissm', build)], { encoding: 'utf8' });
    for (const set of [512, 768, 1024]) {
      for (const helper of ['verify', 'cmov', 'cmov_int16']) expect(symbols).toContain(`PQCLEAN_MLKEM${set}_CLEAN_${helper}\n`);
    }
  });
});
