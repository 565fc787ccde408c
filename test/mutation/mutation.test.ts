/**
 * Thousands of damaged frames, pushes, messages and requests: none may crash, hang, or change what is stored; each has an event or an answer.
 * `SKISSM_MUTATIONS` sets their number, `SKISSM_SEED` where they begin.
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { suiteByName } from '../../lib/crypto/cipher-suite.js';
import { runClientMutations } from './client-run.js';
import { runRelayMutations } from './relay-run.js';
import { Tally, formatReport, layers } from './report.js';

const seed = process.env['SKISSM_SEED'] ?? 'skissm';
const total = Number(process.env['SKISSM_MUTATIONS'] ?? 10_000);
const ofClient = Math.ceil(total * 0.6);
/** A fresh client or relay after so many: one that lives longer has more rows to compare after each. */
const perWorld = 400;
const patience = 600_000 + total * 60;

const client = new Tally();
const relay = new Tally();
const rejections: unknown[] = [];

function noteRejection(reason: unknown): void {
  rejections.push(reason);
}

beforeAll(() => {
  process.on('unhandledRejection', noteRejection);
});

afterAll(() => {
  process.off('unhandledRejection', noteRejection);
  process.stdout.write(`\n${total} mutations from the seed ${JSON.stringify(seed)}\n${formatReport(client, relay)}\n`);
});

async function inWorlds(count: number, run: (world: number, share: number) => Promise<void>): Promise<void> {
  for (let world = 0; world * perWorld < count; world += 1) await run(world, Math.min(perWorld, count - world * perWorld));
}

test(
  'a client answers every damaged frame with an event and keeps what it has',
  async () => {
    await inWorlds(ofClient, (world, share) => {
      const suite = suiteByName(world % 5 === 4 ? 'mldsa87-mlkem1024' : 'mldsa44-mlkem512');
      return runClientMutations(`${seed} client ${world}`, suite, share, client);
    });
    expect(client.harm).toEqual([]);
    expect(client.total).toBe(ofClient);
  },
  patience,
);

test(
  'a relay answers every damaged frame and keeps what it has',
  async () => {
    await inWorlds(total - ofClient, (world, share) => runRelayMutations(`${seed} relay ${world}`, share, relay));
    expect(relay.harm).toEqual([]);
    expect(relay.total).toBe(total - ofClient);
  },
  patience,
);

test('the mutations reached every layer, most of them with a valid session in a valid frame', async () => {
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
  expect(rejections).toEqual([]);
  expect(layers.filter((layer) => client.at(layer) === 0)).toEqual([]);
  expect(layers.filter((layer) => layer !== 'ratchet' && layer !== 'content' && relay.at(layer) === 0)).toEqual([]);
  for (const tally of [client, relay]) {
    expect(tally.validSession / tally.total).toBeGreaterThanOrEqual(0.5);
    expect(tally.harmless / tally.total).toBeLessThan(0.2);
  }
});
