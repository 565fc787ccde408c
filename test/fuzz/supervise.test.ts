import path from 'node:path';
import { expect, test } from '@jest/globals';
import { supervise } from './supervise.js';

const child = path.join(import.meta.dirname, 'lost-child.mjs');
const long = 600_000;

test('the result of a campaign that comes to its end is its last word', async () => {
  expect(await supervise({ args: [child, 'fine'], silence: long })).toMatchObject({ executions: 10 });
});

test('the input that ends the process is found by doing it again', async () => {
  const lost = await supervise({ args: [child, 'crash'], silence: long });
  expect(lost).toEqual({ how: 'ended with code 134', executions: 6, input: new Uint8Array(Buffer.from('input 7')) });
});

test('an end that does not come again is told without an input', async () => {
  expect(await supervise({ args: [child, 'flaky'], silence: long })).toEqual({
    how: 'ended with code 134',
    executions: 6,
    input: undefined,
  });
});

test('a process that says nothing more is ended', async () => {
  expect(await supervise({ args: [child, 'hang'], silence: 3_000 })).toMatchObject({ how: 'no word for 3000 ms' });
}, 60_000);
