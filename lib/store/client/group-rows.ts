/**
 * The rows of a group, split by how often they change. Design D8. Keys name the group by a digest: its address and that of a device together may
 * be longer than a key.
 *
 * | table `group`                   | changes |
 * | ------------------------------- | ------- |
 * | `head` group                    | with name and members |
 * | `epoch` group, number           | with keys that come, and with every add |
 * | `chain` group, number, device   | when its owner gives it up |
 * | `position` group, number, device | with every message of the device |
 */
import { type DeviceAddress, type GroupAddress, deviceKey, groupKey } from '../../base/address.js';
import { asSessionId } from '../../base/brand.js';
import { toBase64, utf8 } from '../../base/bytes.js';
import { StoreError } from '../../base/errors.js';
import type { CipherSuite } from '../../crypto/cipher-suite.js';
import { sha256 } from '../../crypto/hash.js';
import type { HashAlgorithm } from '../../crypto/scheme.js';
import type { Epoch, GroupStep } from '../../group/epoch.js';
import type { Group } from '../../group/group.js';
import type { ChainPosition, MemberChain } from '../../group/member-chain.js';
import type { GroupDevice, GroupMember } from '../../group/membership.js';
import type { RecordReader, RecordWriter } from '../record.js';
import { RowKeyReader, rowKey } from '../row-key.js';
import type { Row, Write } from '../store.js';
import {
  deleteRow,
  putRow,
  readChainSecret,
  readDevice,
  readGroupAddress,
  readRow,
  readSuite,
  writeDevice,
  writeGroupAddress,
} from './row.js';

/** What is kept in memory of every group. */
export interface GroupIndex {
  readonly address: GroupAddress;
  readonly name: string;
  readonly suite: CipherSuite;
  readonly members: readonly GroupMember[];
}

/** Everything stored of one group but its head. */
export interface GroupRows {
  readonly epochs: readonly Row[];
  readonly chains: readonly Row[];
  readonly positions: readonly Row[];
}

/** Rows of chains have a second form: with whether the chain was given up. Those of the first were not. */
const chainVersions = { first: 1, withGivenUp: 2 } as const;

const names = new Map<string, string>();
const namesKept = 4_096;

/** Names the group in keys: 44 characters. */
export function groupRowName(address: GroupAddress): string {
  const key = groupKey(address);
  let name = names.get(key);
  if (name === undefined) {
    name = toBase64(sha256(utf8(key)));
    if (names.size >= namesKept) names.clear();
    names.set(key, name);
  }
  return name;
}

/** Names the skipped keys of one chain. */
export function chainRowName(address: GroupAddress, epoch: number, device: DeviceAddress): string {
  return toBase64(sha256(utf8(JSON.stringify([groupKey(address), epoch, deviceKey(device)]))));
}

/** Prefix of all heads. */
export const groupHeadPrefix: Uint8Array = rowKey().text('head').toBytes();

/** Prefixes of the rows of one group. */
export function groupRowPrefixes(address: GroupAddress): { readonly [Kind in keyof GroupRows]: Uint8Array } {
  const name = groupRowName(address);
  return {
    epochs: rowKey().text('epoch').text(name).toBytes(),
    chains: rowKey().text('chain').text(name).toBytes(),
    positions: rowKey().text('position').text(name).toBytes(),
  };
}

function headKey(address: GroupAddress): Uint8Array {
  return rowKey().text('head').text(groupRowName(address)).toBytes();
}

function epochKey(address: GroupAddress, number: number): Uint8Array {
  return rowKey().text('epoch').text(groupRowName(address)).uint32(number).toBytes();
}

function chainKey(kind: 'chain' | 'position', address: GroupAddress, number: number, device: DeviceAddress): Uint8Array {
  const key = rowKey().text(kind).text(groupRowName(address)).uint32(number);
  return key.text(device.domain).text(device.userId).text(device.deviceId).toBytes();
}

/** Writes members. */
export function writeMembers(writer: RecordWriter, members: readonly GroupMember[]): void {
  // Roles are signed 32-bit numbers on the wire, rows know none below zero.
  writer.list(members, ({ domain, userId, role }) =>
    writer
      .string(domain)
      .string(userId)
      .uint(role + 0x8000_0000),
  );
}

/** Reads what {@link writeMembers} wrote. */
export function readMembers(reader: RecordReader): GroupMember[] {
  return reader.list(() => ({ domain: reader.string(), userId: reader.string(), role: reader.uint(0xffff_ffff) - 0x8000_0000 }));
}

/** Writes devices with their signing keys. */
export function writeGroupDevices(writer: RecordWriter, devices: readonly GroupDevice[]): void {
  writer.list(devices, ({ address, signingKey }) => {
    writeDevice(writer, address);
    writer.bytes(signingKey);
  });
}

/** Reads what {@link writeGroupDevices} wrote. */
export function readGroupDevices(reader: RecordReader): GroupDevice[] {
  return reader.list(() => ({ address: readDevice(reader), signingKey: reader.bytes() }));
}

function writeStep(writer: RecordWriter, step: GroupStep): void {
  writer.uint(step.number);
  writeDevice(writer, step.inviter);
  writer.uint(step.sequence);
  writeGroupDevices(writer, step.devices);
  writeMembers(writer, step.members);
  writer.boolean(step.isDerived).boolean(step.isHandedOver);
}

function readStep(reader: RecordReader): GroupStep {
  return {
    number: reader.uint(0xffff_ffff),
    inviter: readDevice(reader),
    sequence: reader.uint(0xffff_ffff),
    devices: readGroupDevices(reader),
    members: readMembers(reader),
    isDerived: reader.boolean(),
    isHandedOver: reader.boolean(),
  };
}

function putHead({ address, name, suite, members }: GroupIndex): Write {
  return putRow('group', headKey(address), (writer) => {
    writeGroupAddress(writer, address);
    writer.string(name).uint(suite.packId);
    writeMembers(writer, members);
  });
}

/** Reads a head. Throws `StoreError`. */
export function readGroupIndex({ value }: Row): GroupIndex {
  return readRow(value, (reader) => ({
    address: readGroupAddress(reader),
    name: reader.string(),
    suite: readSuite(reader),
    members: readMembers(reader),
  }));
}

function putEpoch(address: GroupAddress, epoch: Epoch): Write {
  return putRow('group', epochKey(address, epoch.number), (writer) => {
    writer.optional(epoch.sessionId, (id) => writer.string(id));
    writeDevice(writer, epoch.opener);
    writer.optional(epoch.joinedBy, (step) => writeStep(writer, step));
    writeMembers(writer, epoch.members);
    writer.uint(epoch.generation).list(epoch.open, (step) => writeStep(writer, step));
  });
}

type EpochHead = Omit<Epoch, 'chains'>;

function readEpoch({ key, value }: Row): EpochHead {
  const keyReader = new RowKeyReader(key);
  keyReader.text();
  keyReader.text();
  const number = keyReader.uint32();
  return readRow(value, (reader) => ({
    number,
    sessionId: reader.optional(() => asSessionId(reader.string())),
    opener: readDevice(reader),
    joinedBy: reader.optional(() => readStep(reader)),
    members: readMembers(reader),
    generation: reader.uint(0xffff_ffff),
    open: reader.list(() => readStep(reader)),
  }));
}

function readChainKey(key: Uint8Array): { readonly epoch: number; readonly device: DeviceAddress } {
  const reader = new RowKeyReader(key);
  reader.text();
  reader.text();
  return { epoch: reader.uint32(), device: { domain: reader.text(), userId: reader.text(), deviceId: reader.text() } };
}

function writePosition(writer: RecordWriter, { generation, chainKey: { key, index } }: ChainPosition): void {
  writer.uint(generation).uint(index).bytes(key.expose());
}

function readPosition(reader: RecordReader, hash: HashAlgorithm): ChainPosition {
  const generation = reader.uint(0xffff_ffff);
  const index = reader.uint(0xffff_ffff);
  return { generation, chainKey: { key: readChainSecret(reader, hash), index } };
}

/** The group of `index`. Throws `StoreError`. */
export function readGroup(index: GroupIndex, { epochs, chains, positions }: GroupRows): Group {
  const known = new Map<string, ChainPosition[]>();
  const nameOf = (epoch: number, device: DeviceAddress): string => `${epoch} ${deviceKey(device)}`;
  for (const { key, value } of positions) {
    const { epoch, device } = readChainKey(key);
    known.set(
      nameOf(epoch, device),
      readRow(value, (reader) => reader.list(() => readPosition(reader, index.suite.hash))),
    );
  }
  const byEpoch = new Map<number, Map<string, MemberChain>>();
  for (const { key, value } of chains) {
    const { epoch, device } = readChainKey(key);
    const read = (reader: RecordReader): Pick<MemberChain, 'signingKey' | 'isGivenUp'> => ({
      signingKey: reader.bytes(),
      isGivenUp: reader.version !== chainVersions.first && reader.boolean(),
    });
    const fixed = readRow(value, read, Object.values(chainVersions));
    const found = byEpoch.get(epoch) ?? new Map<string, MemberChain>();
    byEpoch.set(epoch, found);
    found.set(deviceKey(device), { device, ...fixed, positions: known.get(nameOf(epoch, device)) ?? [] });
  }
  const { address, name, suite, members } = index;
  const read = epochs.map((row) => {
    const head = readEpoch(row);
    return { ...head, chains: byEpoch.get(head.number) ?? new Map<string, MemberChain>() };
  });
  if (read.length === 0) throw new StoreError('damaged', 'a group has no epoch');
  return { address, name, suite, members, epochs: read };
}

/** Stores what makes `next` different from `before`. Skipped keys of chains that go are the caller's. */
export function groupWrites(before: Group | undefined, next: Group): Write[] {
  const { address } = next;
  const writes: Write[] = [];
  if (before?.members !== next.members || before.name !== next.name) writes.push(putHead(next));
  const known = new Map((before?.epochs ?? []).map((epoch) => [epoch.number, epoch]));
  for (const epoch of next.epochs) {
    const old = known.get(epoch.number);
    known.delete(epoch.number);
    if (old === epoch) continue;
    const isSameHead = old?.sessionId === epoch.sessionId && old?.generation === epoch.generation && old.open === epoch.open;
    if (!isSameHead || old.joinedBy !== epoch.joinedBy || old.opener !== epoch.opener) {
      writes.push(putEpoch(address, epoch));
    }
    writes.push(...chainWrites(address, old, epoch));
  }
  for (const dropped of known.values()) {
    writes.push(deleteRow('group', epochKey(address, dropped.number)));
    for (const { device } of dropped.chains.values()) writes.push(...deleteChain(address, dropped.number, device));
  }
  return writes;
}

/** Stores the position of one chain: what a message changes. */
export function putChainPositions(address: GroupAddress, epoch: number, { device, positions }: MemberChain): Write {
  return putRow('group', chainKey('position', address, epoch, device), (writer) => {
    writer.list(positions, (position) => writePosition(writer, position));
  });
}

/** Deletes everything of a group but skipped keys. */
export function deleteGroup(group: Group): Write[] {
  const { address, epochs } = group;
  const writes: Write[] = [deleteRow('group', headKey(address))];
  for (const { number, chains } of epochs) {
    writes.push(deleteRow('group', epochKey(address, number)));
    for (const { device } of chains.values()) writes.push(...deleteChain(address, number, device));
  }
  return writes;
}

function chainWrites(address: GroupAddress, old: Epoch | undefined, epoch: Epoch): Write[] {
  const writes: Write[] = [];
  for (const [name, chain] of epoch.chains) {
    const before = old?.chains.get(name);
    if (before === chain) continue;
    const { device, signingKey, positions, isGivenUp } = chain;
    if (before?.signingKey !== signingKey || before.isGivenUp !== isGivenUp) {
      const write = (writer: RecordWriter): void => {
        writer.bytes(signingKey).boolean(isGivenUp);
      };
      writes.push(putRow('group', chainKey('chain', address, epoch.number, device), write, chainVersions.withGivenUp));
    }
    if (before === undefined ? positions.length > 0 : before.positions !== positions) {
      writes.push(putChainPositions(address, epoch.number, chain));
    }
  }
  for (const [name, { device }] of old?.chains ?? [])
    if (!epoch.chains.has(name)) writes.push(...deleteChain(address, epoch.number, device));
  return writes;
}

function deleteChain(address: GroupAddress, epoch: number, device: DeviceAddress): Write[] {
  return [deleteRow('group', chainKey('chain', address, epoch, device)), deleteRow('group', chainKey('position', address, epoch, device))];
}
