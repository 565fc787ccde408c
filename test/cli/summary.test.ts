import { describe, expect, test } from '@jest/globals';
import { cleanGroup } from './group-measured.js';
import { formatSummary, summarize, type Measured } from '../../lib/cli/demo/summary.js';

const direction = { arrived: 2, lost: 0, duplicated: 0, outOfOrder: 0, altered: 0, identical: true };

const clean: Measured = {
  suite: 'a-suite',
  input: 'file',
  messages: [Buffer.from('one\n'), Buffer.from('twenty\n')],
  exchange: { troubles: [], messages: direction, answers: direction },
  seconds: 0.5,
  group: cleanGroup,
  search: { linesSearched: 2, linesKnownBefore: 0, linesFound: 0, plantedLineFound: true, plantedIn: ['relay.db', 'relay.log'] },
};

describe('the outcome of a demonstration', () => {
  test('is as it should be when nothing went wrong', () => {
    const summary = summarize(clean);
    expect(summary).toMatchObject({ messages: 2, bytes: 11, answered: 2, lost: 0, duplicated: 0, messagesPerSecond: 4, ok: true });
    expect(formatSummary(summary)).toContain('everything is as it should be');
  });

  const { exchange, search, group } = clean;
  test.each<[string, Partial<Measured>]>([
    ['a message is lost', { exchange: { ...exchange, messages: { ...direction, arrived: 1, lost: 1, identical: false } } }],
    ['an answer is lost', { exchange: { ...exchange, answers: { ...direction, arrived: 1, lost: 1 } } }],
    ['an answer was never given', { exchange: { ...exchange, answers: { ...direction, arrived: 1 } } }],
    ['a message comes twice', { exchange: { ...exchange, messages: { ...direction, duplicated: 1 } } }],
    ['messages change places', { exchange: { ...exchange, messages: { ...direction, outOfOrder: 1 } } }],
    ['a message is altered', { exchange: { ...exchange, messages: { ...direction, altered: 1 } } }],
    ['the bytes differ', { exchange: { ...exchange, messages: { ...direction, identical: false } } }],
    ['a client reports trouble', { exchange: { ...exchange, troubles: ['{"event":"undecryptable"}'] } }],
    ['a line is found at the relay', { search: { ...search, linesFound: 1 } }],
    ['the part about groups failed', { group: { ...group, counts: { ...group.counts, lost: 1 } } }],
    ['the planted line is not found', { search: { ...search, plantedLineFound: false } }],
  ])('is a failure when %s', (_, change) => {
    const summary = summarize({ ...clean, ...change });
    expect(summary.ok).toBe(false);
    expect(formatSummary(summary)).toContain('the demonstration FAILED');
  });
});
