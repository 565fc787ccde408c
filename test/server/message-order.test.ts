import { expect, test } from '@jest/globals';
import { MessageOrder } from '../../lib/server/message-order.js';

/** Work that ends when it is told to. */
function pending(): { readonly done: Promise<void>; end(error?: Error): void } {
  let end: (error?: Error) => void = () => undefined;
  const done = new Promise<void>((resolve, reject) => {
    end = (error) => {
      if (error === undefined) resolve();
      else reject(error);
    };
  });
  return { done, end };
}

test('a message belongs to the generation of the oldest of its device that is still being taken', async () => {
  const store = { generation: 1 };
  const order = new MessageOrder(store);
  const taken: number[] = [];
  const [first, second] = [pending(), pending()];
  const keep = (device: string, done: Promise<void>): Promise<void> =>
    order.keep(device, (generation) => {
      taken.push(generation);
      return done;
    });
  const refused = keep('alice', first.done);
  store.generation = 2;
  const behind = keep('alice', second.done);
  await keep('bob', Promise.resolve());
  expect(taken).toEqual([1, 1, 2]);
  first.end(new Error('stale'));
  await expect(refused).rejects.toThrow('stale');
  await keep('alice', Promise.resolve());
  expect(taken).toEqual([1, 1, 2, 1]);
  second.end();
  await behind;
  await keep('alice', Promise.resolve());
  expect(taken).toEqual([1, 1, 2, 1, 2]);
});
