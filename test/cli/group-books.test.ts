import { beforeEach, describe, expect, test } from '@jest/globals';
import { GroupBooks } from '../../lib/cli/demo/group-books.js';

const bytes = (value: string): Uint8Array => Buffer.from(value, 'utf8');

let books: GroupBooks;

beforeEach(() => {
  books = new GroupBooks();
});

/** `sender` sends this, under an id that is its text. */
function send(sender: string, text: string, ...readers: string[]): void {
  books.expect(sender, bytes(text), readers);
  books.sent(sender, text);
}

function read(receiver: string, sender: string, id: string, text = id): void {
  books.received(receiver, sender, id, bytes(text));
}

const clean = { lost: 0, duplicated: 0, outOfOrder: 0, altered: 0, readByOthers: new Map() };

describe('the books of a group', () => {
  test('count one delivery for each reader of a message', () => {
    send('alice', 'one', 'bob', 'carol');
    send('bob', 'two', 'alice', 'carol');
    read('bob', 'alice', 'one');
    read('carol', 'bob', 'two');
    read('carol', 'alice', 'one');
    expect(books.isComplete).toBe(false);
    read('alice', 'bob', 'two');
    expect(books.isComplete).toBe(true);
    expect(books.result()).toEqual({ messages: 2, deliveries: 4, ...clean });
  });

  test('know that a message is lost to one reader although another has it', () => {
    send('alice', 'one', 'bob', 'carol');
    read('bob', 'alice', 'one');
    expect(books.result()).toMatchObject({ deliveries: 1, lost: 1 });
  });

  test('see order for each sender and reader, not over all', () => {
    for (const text of ['one', 'two']) send('alice', text, 'bob', 'carol');
    send('carol', 'three', 'bob');
    for (const text of ['one', 'two']) read('bob', 'alice', text);
    read('bob', 'carol', 'three');
    for (const text of ['two', 'one']) read('carol', 'alice', text);
    expect(books.result()).toMatchObject({ deliveries: 5, outOfOrder: 1, lost: 0 });
  });

  test('see a message that comes twice, with other bytes, or from nobody', () => {
    for (const text of ['one', 'two']) send('alice', text, 'bob');
    read('bob', 'alice', 'one');
    read('bob', 'alice', 'one');
    read('bob', 'alice', 'two', 'owt');
    read('bob', 'eve', 'strange');
    expect(books.result()).toMatchObject({ deliveries: 2, duplicated: 2, altered: 1 });
  });

  test('tell who reads what is not meant for him, and that this is no delivery', () => {
    send('alice', 'one', 'bob', 'carol');
    send('alice', 'two', 'bob');
    for (const reader of ['bob', 'carol']) for (const text of ['one', 'two']) read(reader, 'alice', text);
    expect(books.result()).toEqual({ ...clean, messages: 2, deliveries: 3, readByOthers: new Map([['carol', 1]]) });
  });

  test('name what was kept from a device, and the id of a message', () => {
    send('alice', 'one', 'bob', 'carol');
    send('alice', 'two', 'bob');
    send('carol', 'three', 'alice');
    expect(books.idsKeptFrom('carol')).toEqual(['two']);
    expect(books.idOf('alice', bytes('two'))).toBe('two');
    expect(books.idOf('bob', bytes('two'))).toBeUndefined();
  });

  test('are not complete before the sender has said under which id its last message left', () => {
    books.expect('alice', bytes('one'), ['bob']);
    read('bob', 'alice', 'id', 'one');
    expect(books.isComplete).toBe(false);
    books.sent('alice', 'id');
    expect(books.isComplete).toBe(true);
    expect(books.result()).toEqual({ messages: 1, deliveries: 1, ...clean });
  });
});
