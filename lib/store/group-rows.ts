/**
 * The rows of the relay's groups.
 *
 * Owns: which key of the table `group` holds what, and the form of each row. Does not own: who may change what, what is written together.
 *
 * | key | row |
 * |---|---|
 * | `record`, group | {@link GroupRecord} |
 * | `mark`, group, user, device | {@link GroupMark} |
 * | `of-user`, user, group | nothing; for every member |
 * | `replies`, user, device | the device's {@link AdminReply} list, newest first |
 * | `reply`, user, device, number | an encoded response |
 * | `news`, user, device | the device's {@link GroupNews} |
 */
import type { DeviceAddress } from '../base/address.js';
import { concat } from '../base/bytes.js';
import type { GroupCommit } from './group-commit.js';
import type { RecordReader, RecordWriter } from './record.js';
import type { AdminReply, GroupLeave, GroupNews, GroupMark, GroupRecord } from './relay-records.js';
import { allKeys, deleteRow, emptyValue, getRecord, putRecord, readRecord } from './relay-row.js';
import { RowKeyReader, rowKey } from './row-key.js';
import type { Write } from './store.js';

/** Marks have a second form: with whether the device needs keys. Those of the first had theirs. */
const markVersions = { first: 1, withNeed: 2 } as const;

/** Typed access to groups. Reads see queued writes; writes are values for a commit. */
export class GroupRows {
  readonly #commits: GroupCommit;
  readonly #domain: string;

  constructor(commits: GroupCommit, domain: string) {
    this.#commits = commits;
    this.#domain = domain;
  }

  group(groupId: string): Promise<GroupRecord | undefined> {
    return getRecord(this.#commits, 'group', recordKey(groupId), (reader) => this.#readGroup(groupId, reader));
  }

  putGroup(group: GroupRecord): Write {
    return putRecord('group', recordKey(group.groupId), (writer) => {
      writer.string(group.name).uint(group.packId).uint(group.version);
      writer.list(group.members, ({ userId, role }) => writer.string(userId).uint(role));
      writer.list(group.leaves, (leave) => {
        writeLeave(writer, leave);
      });
    });
  }

  /** The marks of a group by user and device. */
  async marks(groupId: string): Promise<GroupMark[]> {
    const prefix = rowKey().text('mark').text(groupId).toBytes();
    const rows = await this.#commits.list('group', { prefix });
    return rows.map(({ key, value }) => {
      const parts = new RowKeyReader(key.subarray(prefix.length));
      const device = { domain: this.#domain, userId: parts.text(), deviceId: parts.text() };
      const read = (reader: RecordReader): GroupMark => ({
        device,
        controlSequence: reader.uint(),
        controlId: reader.string(),
        needsKeys: reader.version !== markVersions.first && reader.boolean(),
      });
      return readRecord(value, read, Object.values(markVersions));
    });
  }

  putMark(groupId: string, mark: GroupMark): Write {
    const { device, controlSequence, controlId, needsKeys } = mark;
    const write = (writer: RecordWriter): void => {
      writer.uint(controlSequence).string(controlId).boolean(needsKeys);
    };
    return putRecord('group', markKey(groupId, device), write, markVersions.withNeed);
  }

  deleteMark(groupId: string, device: DeviceAddress): Write {
    return deleteRow('group', markKey(groupId, device));
  }

  /** Ids of the groups of a user, in their order. */
  async groupIdsOf(userId: string): Promise<string[]> {
    const prefix = rowKey().text('of-user').text(userId).toBytes();
    const rows = await this.#commits.list('group', { prefix });
    return rows.map(({ key }) => new RowKeyReader(key.subarray(prefix.length)).text());
  }

  putMembership(userId: string, groupId: string): Write {
    return { table: 'group', key: membershipKey(userId, groupId), value: emptyValue() };
  }

  deleteMembership(userId: string, groupId: string): Write {
    return deleteRow('group', membershipKey(userId, groupId));
  }

  /** The answers that are kept for the device, newest first. */
  async replies(device: DeviceAddress): Promise<AdminReply[]> {
    const found = await getRecord(this.#commits, 'group', repliesKey(device), (reader) =>
      reader.list(() => ({ digest: reader.bytes(), groupId: reader.string(), number: reader.uint(0xffff_ffff) })),
    );
    return found ?? [];
  }

  putReplies(device: DeviceAddress, replies: readonly AdminReply[]): Write {
    return putRecord('group', repliesKey(device), (writer) =>
      writer.list(replies, ({ digest, groupId, number }) => writer.bytes(digest).string(groupId).uint(number)),
    );
  }

  /** An encoded response that is kept. */
  reply(device: DeviceAddress, number: number): Promise<Uint8Array | undefined> {
    return this.#commits.get('group', replyKey(device, number));
  }

  /** `response` stays the caller's. */
  putReply(device: DeviceAddress, number: number, response: Uint8Array): Write {
    return { table: 'group', key: replyKey(device, number), value: concat([response]) };
  }

  deleteReply(device: DeviceAddress, number: number): Write {
    return deleteRow('group', replyKey(device, number));
  }

  /** The last push that the device has to take before it changes any group. */
  news(device: DeviceAddress): Promise<GroupNews | undefined> {
    return getRecord(this.#commits, 'group', newsKey(device), (reader) => ({ sequence: reader.uint(), pushId: reader.string() }));
  }

  putNews(device: DeviceAddress, { sequence, pushId }: GroupNews): Write {
    return putRecord('group', newsKey(device), (writer) => writer.uint(sequence).string(pushId));
  }

  deleteNews(device: DeviceAddress): Write {
    return deleteRow('group', newsKey(device));
  }

  /** Deletes all answers that are kept for the device. */
  async deleteReplies(device: DeviceAddress): Promise<Write[]> {
    const prefix = rowKey().text('reply').text(device.userId).text(device.deviceId).toBytes();
    const keys = await allKeys(this.#commits, 'group', prefix);
    return [repliesKey(device), ...keys].map((key) => deleteRow('group', key));
  }

  #readGroup(groupId: string, reader: RecordReader): GroupRecord {
    return {
      groupId,
      name: reader.string(),
      packId: reader.uint(0xffff_ffff),
      version: reader.uint(),
      members: reader.list(() => ({ domain: this.#domain, userId: reader.string(), role: reader.uint(0xffff_ffff) })),
      leaves: reader.list(() => ({
        leaver: this.#readDevice(reader),
        told: reader.optional(() => ({ device: this.#readDevice(reader), sequence: reader.uint(), pushId: reader.string() })),
      })),
    };
  }

  #readDevice(reader: RecordReader): DeviceAddress {
    return { domain: this.#domain, userId: reader.string(), deviceId: reader.string() };
  }
}

function writeLeave(writer: RecordWriter, { leaver, told }: GroupLeave): void {
  writer.string(leaver.userId).string(leaver.deviceId);
  writer.optional(told, ({ device, sequence, pushId }) => {
    writer.string(device.userId).string(device.deviceId).uint(sequence).string(pushId);
  });
}

function recordKey(groupId: string): Uint8Array {
  return rowKey().text('record').text(groupId).toBytes();
}

function markKey(groupId: string, { userId, deviceId }: DeviceAddress): Uint8Array {
  return rowKey().text('mark').text(groupId).text(userId).text(deviceId).toBytes();
}

function membershipKey(userId: string, groupId: string): Uint8Array {
  return rowKey().text('of-user').text(userId).text(groupId).toBytes();
}

function repliesKey({ userId, deviceId }: DeviceAddress): Uint8Array {
  return rowKey().text('replies').text(userId).text(deviceId).toBytes();
}

function newsKey({ userId, deviceId }: DeviceAddress): Uint8Array {
  return rowKey().text('news').text(userId).text(deviceId).toBytes();
}

function replyKey({ userId, deviceId }: DeviceAddress, number: number): Uint8Array {
  return rowKey().text('reply').text(userId).text(deviceId).uint32(number).toBytes();
}
