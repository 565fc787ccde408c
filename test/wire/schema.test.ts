import { describe, expect, test } from '@jest/globals';
import { e2ees, skissm } from '../../lib/wire/generated/e2ees.js';
import { decodePush, encodePayload, encodePush, pushKinds, type PushPayload } from '../../lib/wire/push.js';
import { ownRequestCodes, requestNames, requests } from '../../lib/wire/request.js';
import { payloads, seeded } from './arbitrary.js';
import fc from 'fast-check';

const members = Object.entries(e2ees);
const messageNames = members.filter(([, member]) => typeof member === 'function').map(([name]) => name);
const enumNames = members.filter(([, member]) => typeof member !== 'function').map(([name]) => name);

describe('the schema', () => {
  test('has the 102 messages and 15 enums of the specification', () => {
    expect(messageNames).toHaveLength(102);
    expect(enumNames).toHaveLength(15);
  });

  test('has one row for every request, and no row without a request but our own', () => {
    const inSchema = messageNames.filter((name) => name.endsWith('Request') && name !== 'PendingRequest').sort();
    const names = requestNames().filter((name) => requests[name].code < ownRequestCodes);
    const inTable = names.map((name) => requests[name].schemaName);
    expect([...inTable].sort()).toEqual(inSchema);
    for (const name of inSchema) expect(messageNames).toContain(name.replace(/Request$/u, 'Response'));
  });

  test('gives every request a code of its own that never changes', () => {
    const codes = Object.fromEntries(requestNames().map((name) => [name, requests[name].code]));
    expect(codes).toEqual({
      register_user: 1,
      get_pre_key_bundle: 2,
      invite: 3,
      publish_spk: 4,
      supply_opks: 5,
      accept: 6,
      send_one2one_msg: 7,
      create_group: 8,
      add_group_members: 9,
      add_group_member_device: 10,
      remove_group_members: 11,
      leave_group: 12,
      send_group_msg: 13,
      consume_proto_msg: 14,
      update_user: 15,
      get_group: 16,
      remove_device: 100,
    });
  });

  test('has one row for every payload of a push', () => {
    const to = { domain: 'd', userId: 'u', deviceId: '1' };
    const names = pushKinds().map((kind) => {
      const value = fc.sample<unknown>(payloads[kind], { ...seeded, numRuns: 1 })[0];
      const payload = encodePayload({ kind, value } as PushPayload);
      const encoded = encodePush({ tag: undefined, from: undefined, to, payload, signatures: [] });
      expect(decodePush(encoded).payload.kind).toBe(kind);
      return e2ees.ProtoMsg.decode(encoded).payload ?? 'none';
    });
    expect(new Set(names).size).toBe(19);
    expect(names).not.toContain('none');
  });

  test('has our own requests apart from those of the whitepaper', () => {
    const own = requestNames().filter((name) => requests[name].code >= ownRequestCodes);
    expect(own).toEqual(['remove_device']);
    for (const name of own) {
      const { schemaName } = requests[name];
      expect(messageNames).not.toContain(schemaName);
      for (const each of [schemaName, schemaName.replace(/Request$/u, 'Response')]) expect(skissm.relay.v1).toHaveProperty(each);
    }
  });

  test('has the seven frames of the relay, and the messages of our own requests', () => {
    expect(Object.keys(skissm.relay.v1).sort()).toEqual([
      'Frame',
      'Goodbye',
      'Heartbeat',
      'Hello',
      'HelloAck',
      'Push',
      'RemoveDeviceRequest',
      'RemoveDeviceResponse',
      'Request',
      'Response',
    ]);
  });
});
