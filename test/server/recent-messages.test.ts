import { expect, test } from '@jest/globals';
import { RecentMessages } from '../../lib/server/recent-messages.js';

function done(): Promise<void> {
  return Promise.resolve();
}

test('a message is done once, waits for the same one in progress, and is done again after a failure', async () => {
  const recent = new RecentMessages();
  let runs = 0;
  let finish: () => void = () => undefined;
  const slow = (): Promise<void> => {
    runs += 1;
    return new Promise((resolve) => {
      finish = resolve;
    });
  };
  const both = Promise.all([recent.once('alice', 'm', slow), recent.once('alice', 'm', slow)]);
  finish();
  await both;
  expect(runs).toBe(1);
  await expect(recent.once('alice', 'n', () => Promise.reject(new Error('full')))).rejects.toThrow('full');
  expect(recent.size).toBe(1);
  const again = recent.once('alice', 'n', slow);
  finish();
  await again;
  expect(runs).toBe(2);
});

test('what is remembered is bounded per device and in all, and the longest silent device is forgotten first', async () => {
  const recent = new RecentMessages({ perDevice: 3, inAll: 5 });
  const seen = async (device: string, message: string): Promise<boolean> => {
    let ran = false;
    await recent.once(device, message, () => {
      ran = true;
      return done();
    });
    return !ran;
  };
  for (const message of ['1', '2', '3', '4']) expect(await seen('alice', message)).toBe(false);
  expect(recent.size).toBe(3);
  expect(await seen('alice', '4')).toBe(true);
  for (const message of ['1', '2', '3']) expect(await seen('bob', message)).toBe(false);
  expect(recent.size).toBe(5);
  for (let index = 0; index < 1_000; index += 1) await seen(`device ${index}`, 'm');
  expect(recent.size).toBe(5);
  expect(await seen('device 999', 'm')).toBe(true);
  expect(await seen('bob', '3')).toBe(false);
});
