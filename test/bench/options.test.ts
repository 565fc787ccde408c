import { describe, expect, test } from '@jest/globals';
import { CommanderError } from 'commander';
import { usualSuites } from '../../bench/catalogue.js';
import { fullEffort, quickEffort } from '../../bench/measure.js';
import { parseOptions } from '../../bench/options.js';
import { UsageError, defaultSuite, suites } from '../../lib/index.js';

describe('the options of the benchmark', () => {
  test('without words everything is measured at full length, the default suite first', () => {
    expect(parseOptions([])).toEqual({ suites: usualSuites, only: [], effort: fullEffort, list: false });
    expect(usualSuites[0]).toBe(defaultSuite);
  });

  test('suites and prefixes may be given several times, and a suite counts once', () => {
    const { suites: chosen, only } = parseOptions([
      ...['--suite', 'curve25519', '--suite', 'mldsa44-mlkem512', '--suite', 'curve25519'],
      ...['--only', 'session.', '--only', 'kem'],
    ]);
    expect(chosen.map(({ name }) => name)).toEqual(['curve25519', 'mldsa44-mlkem512']);
    expect(only).toEqual(['session.', 'kem']);
    expect(parseOptions(['--suite', 'all']).suites).toEqual(suites());
  });

  test('a duration is the seconds of a round', () => {
    expect(parseOptions(['--duration', '0.25']).effort).toEqual({ ...fullEffort, roundSeconds: 0.25 });
    expect(parseOptions(['--quick']).effort).toEqual(quickEffort);
  });

  test('outputs go where they are told', () => {
    expect(parseOptions(['--json'])).toMatchObject({ json: true });
    expect(parseOptions(['--json', 'a.json', '--html', 'a.html', '--readme', 'R.md'])).toMatchObject({
      json: 'a.json',
      html: 'a.html',
      readme: 'R.md',
    });
    expect(parseOptions(['--from', 'a.json', '--html', 'a.html'])).toMatchObject({ from: 'a.json', html: 'a.html' });
  });

  test.each([
    ['an unknown suite', ['--suite', 'rot13'], UsageError],
    ['two lengths', ['--quick', '--duration', '1'], UsageError],
    ['an earlier run that is to be measured again', ['--from', 'a.json', '--quick'], UsageError],
    ['an earlier run of other suites', ['--from', 'a.json', '--suite', 'curve25519'], UsageError],
    ['an earlier run of one figure', ['--from', 'a.json', '--only', 'kem'], UsageError],
    ['no time', ['--duration', '0'], CommanderError],
    ['a word for a number', ['--duration', 'long'], CommanderError],
    ['an option that is not there', ['--fast'], CommanderError],
    ['a word too many', ['kem'], CommanderError],
    ['an output without a name', ['--html'], CommanderError],
  ])('%s is refused', (_, words, kind) => {
    expect(() => parseOptions(words)).toThrow(kind);
  });
});
