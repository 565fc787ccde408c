/** The fuzzer itself: it finds what it is there to find. */
import { describe, expect, test } from '@jest/globals';
import { utf8 } from '../../lib/base/bytes.js';
import { DecodeError } from '../../lib/base/errors.js';
import { addon } from '../native/addon-under-test.js';
import { AddonCalls } from './addon-calls.mjs';
import { runCampaign } from './campaign.js';
import { byteDamage, decoderTarget, kind } from './decoder-target.js';
import { distil } from './distil.js';
import { FastDice } from './fast-dice.js';
import { Finding, type Target } from './target.js';

/** Refuses everything that does not begin with `a`, and treats what has a `z` behind it as `onZ` says. */
function decoder(onZ: (bytes: Uint8Array) => Uint8Array): Target {
  const decode = (bytes: Uint8Array): Uint8Array => {
    if (bytes[0] !== 0x61) throw new DecodeError('malformed', 'no a');
    return bytes.includes(0x7a) ? onZ(bytes) : bytes;
  };
  return decoderTarget([kind('letters', [utf8('abc')], decode, (value) => value)], DecodeError, ['malformed'], byteDamage);
}

function campaign(target: Target, more: Partial<Parameters<typeof runCampaign>[0]> = {}): ReturnType<typeof runCampaign> {
  return runCampaign({ target, corpus: [], runs: 4_000, seed: 'seed', ...more });
}

describe('a campaign', () => {
  test('passes a decoder that accepts or refuses as it should', async () => {
    const result = await campaign(decoder((bytes) => bytes));
    expect(result).toMatchObject({ executions: 4_000, failed: 0, found: [] });
    expect([...result.outcomes.keys()].sort()).toEqual(['letters accepted', 'letters malformed']);
  });

  test('finds an error of another class, with the input that led to it', async () => {
    const { failed, found } = await campaign(
      decoder(() => {
        throw new TypeError('oops');
      }),
    );
    expect(failed).toBeGreaterThan(0);
    expect(found[0]?.what).toContain('letters: TypeError: oops');
    expect(found.every(({ input }) => input.includes(0x7a))).toBe(true);
  });

  test('finds an error of our own with a code that is not meant', async () => {
    const { found } = await campaign(
      decoder(() => {
        throw new DecodeError('surprise', 'oops');
      }),
    );
    expect(found[0]?.what).toContain('DecodeError surprise');
  });

  test('finds an accepted value that does not come back', async () => {
    const { found } = await campaign(decoder((bytes) => bytes.subarray(0, -1)));
    expect(found[0]?.what).toContain('does not come back');
  });

  test('finds an accepted value that cannot be encoded and decoded again', async () => {
    const { found } = await campaign(decoder((bytes) => bytes.subarray(1)));
    expect(found[0]?.what).toContain('cannot be encoded and decoded again');
  });

  test('finds a target that is not as good as before', async () => {
    const { found } = await campaign({ ...decoder((bytes) => bytes), close: () => Promise.reject(new Finding('broken')) });
    expect(found.map(({ what }) => what)).toEqual(['broken']);
  });

  test('finds memory that grows without end, and none that grows only at first', async () => {
    const growing = (): (() => { heap: number; rss: number }) => {
      let heap = 0;
      return () => ({ heap: (heap += 10_000_000), rss: 0 });
    };
    expect(
      (
        await campaign(
          decoder((bytes) => bytes),
          { memory: growing() },
        )
      ).found[0]?.what,
    ).toContain('the heap grew by');
    const steady = await campaign(
      decoder((bytes) => bytes),
      { memory: () => ({ heap: 5_000_000, rss: 1 }) },
    );
    expect(steady).toMatchObject({ failed: 0, heapGrowth: 0 });
  });

  test('tries the same inputs again with the same seed, and others with another', async () => {
    const inputsOf = async (seed: string): Promise<string[]> => {
      const inputs: string[] = [];
      await campaign(
        decoder((bytes) => bytes),
        { seed, runs: 500, onInput: (input) => inputs.push(Buffer.from(input).toString('hex')) },
      );
      return inputs;
    };
    const first = await inputsOf('one');
    expect(await inputsOf('one')).toEqual(first);
    expect(await inputsOf('two')).not.toEqual(first);
  });

  test('replays the whole corpus however few runs are asked for', async () => {
    const corpus = Array.from({ length: 20 }, (_, index) => Uint8Array.of(0, 0x61, index));
    expect(
      await campaign(
        decoder((bytes) => bytes),
        { corpus, runs: 1 },
      ),
    ).toMatchObject({ executions: 21 });
  });
});

test('of many inputs those are kept that show something new, the shortest first', async () => {
  const target = decoder((bytes) => bytes);
  const long = Uint8Array.of(0, 0x61, ...new Array<number>(300).fill(1));
  const kept = await distil(target, [Uint8Array.of(0, 0x61, 1, 2, 3), long, long.slice(0, 290), Uint8Array.of(0, 5)]);
  expect(kept.map(({ length }) => length)).toEqual([2, 290]);
});

describe('random calls of an addon', () => {
  const inputs = Array.from(
    { length: 600 },
    (
      (dice) => () =>
        dice.bytes(64)
    )(new FastDice('calls')),
  );

  async function complaints(hash: typeof addon.hash): Promise<string[]> {
    const calls = new AddonCalls({ ...addon, hash });
    const found: string[] = [];
    for (const input of inputs) await calls.run(input).catch((error: unknown) => found.push(String(error)));
    return found;
  }

  test('find an error without a code', async () => {
    const found = await complaints(() => {
      throw new TypeError('oops');
    });
    expect(found[0]).toContain('an error without a code: TypeError: oops');
  });

  test('find that memory next to an output was written', async () => {
    const found = await complaints((code, data, out) => {
      addon.hash(code, data, out);
      new Uint8Array(out.buffer).fill(1, 0, out.byteOffset);
    });
    expect(found[0]).toContain('memory next to an output was changed');
  });

  test('find that an input was changed', async () => {
    const found = await complaints((code, data, out) => {
      addon.hash(code, data, out);
      data.fill(9);
    });
    expect(found.some((each) => each.includes('an input was changed'))).toBe(true);
  });
});
