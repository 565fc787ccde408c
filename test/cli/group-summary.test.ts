import { describe, expect, test } from '@jest/globals';
import { formatGroupSummary, summarizeGroup, type GroupMeasured } from '../../lib/cli/demo/group-summary.js';
import { cleanGroup } from './group-measured.js';

const { counts, search } = cleanGroup;

describe('the outcome of the part about groups', () => {
  test('is as it should be when nothing went wrong', () => {
    const summary = summarizeGroup(cleanGroup);
    expect(summary).toMatchObject({ devices: 5, users: 4, messages: 3, deliveries: 12, readByRemoved: 0, linesSearched: 3, ok: true });
    expect(formatGroupSummary(summary).join('\n')).toContain('opened a message from before the removal and 0 of 2 from after');
  });

  test('counts what the removed device was given and what its copy could open together', () => {
    expect(summarizeGroup({ ...cleanGroup, deliveredToRemoved: 2, capturedOpened: 3 })).toMatchObject({ readByRemoved: 5, ok: false });
  });

  test.each<[string, Partial<GroupMeasured>]>([
    ['a delivery is lost', { counts: { ...counts, lost: 1 } }],
    ['a message comes twice', { counts: { ...counts, duplicated: 1 } }],
    ['messages change places', { counts: { ...counts, outOfOrder: 1 } }],
    ['a message is altered', { counts: { ...counts, altered: 1 } }],
    ['somebody reads what is not meant for him', { counts: { ...counts, readByOthers: new Map([['eve', 1]]) } }],
    ['nothing was delivered', { counts: { ...counts, deliveries: 0 } }],
    ['the removed device is given a later message', { deliveredToRemoved: 1 }],
    ['the copy of the removed device opens a later message', { capturedOpened: 1 }],
    ['the copy was given nothing', { capturedGiven: 0 }],
    ['the copy cannot open what it has to be able to', { controlOpened: false }],
    ['the removed device was not connected', { removedStillConnected: false }],
    ['the added device reads an earlier message', { readByNewcomer: 1 }],
    ['a message is found at the relay', { search: { ...search, linesFound: 1 } }],
    ['the planted line is not found', { search: { ...search, plantedLineFound: false } }],
    ['a client reports trouble', { troubles: ['{"event":"undecryptable"}'] }],
  ])('is a failure when %s', (_, change) => {
    expect(summarizeGroup({ ...cleanGroup, ...change }).ok).toBe(false);
  });
});
