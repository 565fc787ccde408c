import { expect, test } from '@jest/globals';
import { type Case, measure } from '../../bench/measure.js';

const effort = { rounds: 3, roundSeconds: 0.001 };

function subject(more: Partial<Case>): Case {
  return { name: 'a.case', about: 'something', prepare: () => ({ run: () => undefined }), maxIterations: 7, ...more };
}

test('ratios are what the others took over what we took, and everybody takes part in every round', async () => {
  let runs = 0;
  let closed = 0;
  const figure = await measure(
    subject({
      algorithm: 'none',
      prepare: () => ({
        run: () => {
          runs += 1;
        },
        raw: (iterations) => iterations,
        portable: (iterations) => 2 * iterations,
        peers: [{ name: 'other', version: '1', run: () => undefined }],
        close: () => {
          closed += 1;
        },
      }),
    }),
    effort,
  );
  expect(figure).toMatchObject({ name: 'a.case', algorithm: 'none', rawOpsPerSecond: 1, about: 'something' });
  expect(figure.ratioToPortable).toBeCloseTo(2 * (figure.ratioToRaw ?? 0));
  expect(figure.peers?.map(({ name, version }) => [name, version])).toEqual([['other', '1']]);
  expect(figure.rounds).toBeGreaterThanOrEqual(2);
  expect(runs).toBeGreaterThan(figure.rounds);
  expect(closed).toBe(1);
});

test('what a run takes is made before it, as much as it takes and no more than is allowed', async () => {
  const made: number[] = [];
  const taken: number[] = [];
  await measure(
    subject({ prepare: () => ({ before: (iterations) => void made.push(iterations), run: (iterations) => void taken.push(iterations) }) }),
    effort,
  );
  expect(taken).toEqual(made);
  expect(Math.max(...taken)).toBe(7);
});

test('a case that fails is closed all the same', async () => {
  let closed = false;
  const failing = subject({
    prepare: () => ({
      run: () => {
        throw new Error('wrong result');
      },
      close: () => {
        closed = true;
      },
    }),
  });
  await expect(measure(failing, effort)).rejects.toThrow('wrong result');
  expect(closed).toBe(true);
});
