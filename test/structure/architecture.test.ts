import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { requestNames } from '../../lib/wire/request.js';

const root = path.resolve(import.meta.dirname, '../..');
const text = readFileSync(path.join(root, 'ARCHITECTURE.md'), 'utf8');
const start = text.indexOf('## Where the specification lives');
const section = text.slice(start, text.indexOf('\n## ', start + 1));

/** Names in code marks. */
const named = new Set([...section.matchAll(/`([a-z0-9_]+)`/gu)].map(([, name]) => name ?? ''));

/** Payloads of the schema's oneof blocks: of pushes, and of one-to-one messages. */
function payloads(file: string): string[] {
  const schema = readFileSync(path.join(root, 'proto', file), 'utf8');
  return [...schema.matchAll(/oneof payload \{([^}]*)\}/gu)].flatMap(([, body]) =>
    [...(body ?? '').matchAll(/^\s*\w+ (\w+) = \d+;/gmu)].map(([, name]) => name ?? ''),
  );
}

describe('the table of ARCHITECTURE.md', () => {
  test('names every request', () => {
    expect(requestNames().filter((name) => !named.has(name))).toEqual([]);
  });

  test('names every push', () => {
    const pushes = payloads('push.proto');
    expect(pushes.length).toBeGreaterThan(15);
    expect(pushes.filter((name) => !named.has(name))).toEqual([]);
  });

  test('names what a one-to-one message can carry', () => {
    const contents = payloads('message.proto').filter((name) => !name.endsWith('_payload'));
    expect(contents.filter((name) => !named.has(name) && !['one2one_msg', 'group_msg'].includes(name))).toEqual([]);
  });

  test('names files that exist', () => {
    const files = [...section.matchAll(/\b((?:base|client|server|store|transport|wire|file)\/[a-z0-9/-]+\.ts)\b/gu)].map(
      ([, file]) => file ?? '',
    );
    const inStore = [...section.matchAll(/(?<![/\w])(client\/[a-z-]+-rows\.ts)/gu)].map(([, file]) => `store/${file ?? ''}`);
    const all = [...files.filter((file) => !/^client\/[a-z-]+-rows\.ts$/u.test(file)), ...inStore];
    expect(all.length).toBeGreaterThan(40);
    expect(all.filter((file) => !existsSync(path.join(root, 'lib', file)))).toEqual([]);
  });

  test('names every function of the whitepaper’s database and common handlers', () => {
    const counted = [...named].filter((name) => /^(?:store|load|unload|update|remove|add)_/u.test(name));
    const requests = new Set<string>(requestNames());
    expect(counted.filter((name) => !requests.has(name) && !name.endsWith('_msg'))).toHaveLength(29);
    expect(['gen_ts', 'gen_rand', 'gen_uuid'].filter((name) => !named.has(name))).toEqual([]);
  });
});
