import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type Row, type Store, type Write, tables } from '../../lib/store/store.js';

/** A key or value of the given text, one byte per character, in memory of its own. */
export function bytes(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** The rows as `key=value` texts. */
export function shown(rows: readonly Row[]): string[] {
  return rows.map(({ key, value }) => `${Buffer.from(key).toString('latin1')}=${Buffer.from(value).toString('latin1')}`);
}

/** A write to the table `meta`. */
export function put(key: string, value: string | undefined): Write {
  return { table: 'meta', key: bytes(key), value: value === undefined ? undefined : bytes(value) };
}

/** What every store promises, whatever is below it. `open` gives a new empty store. */
export function storeContract(name: string, open: () => Promise<Store>, cleanUp: () => void = () => undefined): void {
  describe(`contract of a store: ${name}`, () => {
    let store: Store;

    beforeEach(async () => {
      store = await open();
    });

    afterEach(async () => {
      await store.close();
      cleanUp();
    });

    test('a committed row is read back and a missing one is undefined', async () => {
      await store.commit([put('a', '1')]);
      expect(await store.get('meta', bytes('a'))).toEqual(bytes('1'));
      expect(await store.get('meta', bytes('b'))).toBeUndefined();
      expect(await store.get('account', bytes('a'))).toBeUndefined();
    });

    test('values are plain byte arrays in memory of their own', async () => {
      await store.commit([put('a', '1'), put('b', '22')]);
      const value = await store.get('meta', bytes('a'));
      const rows = await store.list('meta', { prefix: bytes('') });
      for (const found of [value!, ...rows.flatMap((row) => [row.key, row.value])]) {
        expect(Object.getPrototypeOf(found)).toBe(Uint8Array.prototype);
        expect(found.buffer.byteLength).toBe(found.length);
        found.fill(0);
      }
      expect(shown(await store.list('meta', { prefix: bytes('') }))).toEqual(['a=1', 'b=22']);
    });

    test('rows are listed in the order of their key bytes', async () => {
      const keys = ['b', 'a', '\u00ff', 'aa', 'a\u0000', '\u0000', '\u007f', '\u0080', 'a\u00ff', 'ab'];
      await store.commit(keys.map((key) => put(key, '')));
      const found = (await store.list('meta', { prefix: bytes('') })).map(({ key }) => Buffer.from(key).toString('latin1'));
      expect(found).toEqual([...keys].sort((a, b) => Buffer.compare(bytes(a), bytes(b))));
    });

    test('a prefix selects exactly the keys that begin with it, even when it ends in the greatest byte', async () => {
      await store.commit(['a', 'a\u00ff', 'a\u00ff\u00ff', 'a\u00ff\u00ffz', 'b', '\u00ff', '\u00ff\u00ff'].map((key) => put(key, '')));
      const keys = async (prefix: string): Promise<string[]> => shown(await store.list('meta', { prefix: bytes(prefix) }));
      expect(await keys('a\u00ff')).toEqual(['a\u00ff=', 'a\u00ff\u00ff=', 'a\u00ff\u00ffz=']);
      expect(await keys('\u00ff')).toEqual(['\u00ff=', '\u00ff\u00ff=']);
      expect(await keys('c')).toEqual([]);
    });

    test('after, limit and reverse page through a range in both directions', async () => {
      await store.commit(['p1', 'p2', 'p3', 'p4', 'q1'].map((key) => put(key, key)));
      const page = async (after: string | undefined, reverse: boolean): Promise<string[]> =>
        shown(await store.list('meta', { prefix: bytes('p'), limit: 2, reverse, ...(after === undefined ? {} : { after: bytes(after) }) }));
      expect(await page(undefined, false)).toEqual(['p1=p1', 'p2=p2']);
      expect(await page('p2', false)).toEqual(['p3=p3', 'p4=p4']);
      expect(await page('p4', false)).toEqual([]);
      expect(await page(undefined, true)).toEqual(['p4=p4', 'p3=p3']);
      expect(await page('p3', true)).toEqual(['p2=p2', 'p1=p1']);
      expect(await page('p1', true)).toEqual([]);
      expect(await page('a', false)).toEqual(['p1=p1', 'p2=p2']);
      expect(await page('z', false)).toEqual([]);
      expect(await page('z', true)).toEqual(['p4=p4', 'p3=p3']);
      expect(await page('a', true)).toEqual([]);
      expect(await store.list('meta', { prefix: bytes('p'), limit: 0 })).toEqual([]);
    });

    test('a commit replaces and deletes rows together', async () => {
      await store.commit([put('a', '1'), put('b', '1'), put('c', '1')]);
      await store.commit([put('a', '2'), put('b', undefined), put('d', '2'), put('missing', undefined)]);
      expect(shown(await store.list('meta', { prefix: bytes('') }))).toEqual(['a=2', 'c=1', 'd=2']);
    });

    test('of several writes of one row in a commit the last one counts', async () => {
      await store.commit([put('a', '1'), put('a', undefined), put('a', '3'), put('b', '1'), put('b', undefined)]);
      expect(shown(await store.list('meta', { prefix: bytes('') }))).toEqual(['a=3']);
    });

    test('an empty value is a row and not a missing one', async () => {
      await store.commit([put('a', '')]);
      expect(await store.get('meta', bytes('a'))).toEqual(new Uint8Array(0));
      expect(shown(await store.list('meta', { prefix: bytes('a') }))).toEqual(['a=']);
    });

    test('an empty commit does nothing', async () => {
      await store.commit([]);
      expect(await store.list('meta', { prefix: bytes('') })).toEqual([]);
    });

    test('a value of 3 MB is kept byte for byte', async () => {
      const pattern = (i: number): number => (i * 31 + (i >> 8)) & 0xff;
      const large = Uint8Array.from({ length: 3_000_000 }, (_, i) => pattern(i));
      await store.commit([{ table: 'body', key: bytes('large'), value: large }, put('small', '1')]);
      const found = await store.get('body', bytes('large'));
      expect(found!.length).toBe(3_000_000);
      expect(found!.every((byte, i) => byte === pattern(i))).toBe(true);
      expect((await store.list('body', { prefix: bytes('') }))[0]!.value.length).toBe(3_000_000);
    });

    test('every table is there and apart from the others', async () => {
      await store.commit(tables.map((table) => ({ table, key: bytes('k'), value: bytes(table) })));
      for (const table of tables) expect(shown(await store.list(table, { prefix: bytes('') }))).toEqual([`k=${table}`]);
    });

    test('keys have 1 to 1,024 bytes, and a commit with another one stores nothing', async () => {
      const longest = 'k'.repeat(1_024);
      await store.commit([put(longest, '1')]);
      expect(await store.get('meta', bytes(longest))).toEqual(bytes('1'));
      expect(shown(await store.list('meta', { prefix: bytes(longest) }))).toEqual([`${longest}=1`]);
      expect(await store.list('meta', { prefix: bytes('k'), after: bytes(longest) })).toEqual([]);
      for (const key of ['', `${longest}k`]) {
        await expect(store.commit([put('other', '1'), put(key, '1')])).rejects.toMatchObject({ name: 'UsageError', code: 'key-length' });
        await expect(store.get('meta', bytes(key))).rejects.toMatchObject({ code: 'key-length' });
      }
      expect(await store.get('meta', bytes('other'))).toBeUndefined();
      await expect(store.list('meta', { prefix: bytes(''), limit: -1 })).rejects.toMatchObject({ code: 'limit' });
    });

    test('a value is not touched before its commit has settled', async () => {
      const value = bytes('secret');
      const committed = store.commit([{ table: 'meta', key: bytes('a'), value }]);
      expect(value).toEqual(bytes('secret'));
      await committed;
      expect(await store.get('meta', bytes('a'))).toEqual(bytes('secret'));
    });

    test('calls made together take effect in their order', async () => {
      const seen = await Promise.all([
        store.get('meta', bytes('a')),
        store.commit([put('a', '1')]),
        store.get('meta', bytes('a')),
        store.commit([put('a', '2')]),
        store.get('meta', bytes('a')),
        store.commit([put('a', undefined)]),
        store.list('meta', { prefix: bytes('') }),
      ]);
      expect(seen).toEqual([undefined, undefined, bytes('1'), undefined, bytes('2'), undefined, []]);
    });

    test('a value that is a window into a larger buffer is stored without its surroundings', async () => {
      const surroundings = bytes('xxvaluexx');
      await store.commit([{ table: 'meta', key: bytes('window').subarray(2), value: surroundings.subarray(2, 7) }]);
      expect(await store.get('meta', bytes('ndow'))).toEqual(bytes('value'));
    });

    test('after close every call is refused, and a second close does nothing', async () => {
      await store.commit([put('a', '1')]);
      await store.close();
      await store.close();
      const closed = { name: 'StoreError', code: 'closed' };
      await expect(store.get('meta', bytes('a'))).rejects.toMatchObject(closed);
      await expect(store.list('meta', { prefix: bytes('') })).rejects.toMatchObject(closed);
      await expect(store.commit([put('a', '2')])).rejects.toMatchObject(closed);
    });

    test('close waits for what was asked before it', async () => {
      const asked = [store.commit([put('a', '1')]), store.get('meta', bytes('a'))];
      await store.close();
      expect(await Promise.all(asked)).toEqual([undefined, bytes('1')]);
    });
  });
}
