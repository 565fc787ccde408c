import { expect, test } from '@jest/globals';
import { PushOrder } from '../../lib/client/push-order.js';

function tag(number: number): { readonly time: number; readonly id: string } {
  return { time: number, id: `push ${number}` };
}

/** An order in which the pushes of these numbers have arrived. */
function arrivals(...numbers: number[]): PushOrder {
  const order = new PushOrder();
  for (const number of numbers) order.arrived(tag(number));
  return order;
}

test('the newest push counts only when all before it are done, whichever was done first', () => {
  const order = arrivals(1, 2, 3, 4);
  expect(order.newestDone).toBeUndefined();
  order.done('push 2');
  order.done('push 3');
  expect(order.newestDone).toBeUndefined();
  order.done('push 1');
  expect(order.newestDone).toEqual(tag(3));
  order.done('push 4');
  expect(order.newestDone).toEqual(tag(4));
});

test('a copy of a push that is being handled is not needed, one of a push that failed is', () => {
  const order = arrivals(1, 2);
  order.done('push 1');
  expect(order.arrived(tag(2))).toBe(false);
  order.failed('push 2');
  expect(order.newestDone).toEqual(tag(1));
  expect(order.arrived(tag(2))).toBe(true);
  order.done('push 2');
  expect(order.newestDone).toEqual(tag(2));
});

test('a push that failed holds back what came after it until a copy of it is done', () => {
  const order = arrivals(1, 2, 3);
  order.failed('push 2');
  order.done('push 1');
  order.done('push 3');
  order.failed('push 3');
  expect(order.newestDone).toEqual(tag(1));
  for (const number of [2, 3]) expect(order.arrived(tag(number))).toBe(true);
  expect(order.newestDone).toEqual(tag(1));
  order.done('push 2');
  expect(order.newestDone).toEqual(tag(2));
  order.done('push 3');
  expect(order.newestDone).toEqual(tag(3));
});

test('another connection begins with nothing', () => {
  const order = arrivals(1);
  order.done('push 1');
  order.reset();
  expect(order.newestDone).toBeUndefined();
  expect(order.arrived(tag(1))).toBe(true);
});

test('whatever is done in whatever order, no push is passed over', () => {
  const numbers = Array.from({ length: 40 }, (_, index) => index + 1);
  const order = arrivals(...numbers);
  const left = new Set(numbers);
  let state = 12_345;
  while (left.size > 0) {
    state = (state * 1_103_515_245 + 12_345) % 0x8000_0000;
    const next = [...left][state % left.size] ?? 0;
    left.delete(next);
    order.done(`push ${next}`);
    const oldest = Math.min(...left, 41);
    expect(order.newestDone).toEqual(oldest === 1 ? undefined : tag(oldest - 1));
  }
});
