import type { GroupMeasured } from '../../lib/cli/demo/group-summary.js';

/** What the part about groups measures when everything is as it should be. */
export const cleanGroup: GroupMeasured = {
  devices: 5,
  users: 4,
  counts: { messages: 3, deliveries: 12, lost: 0, duplicated: 0, outOfOrder: 0, altered: 0, readByOthers: new Map() },
  deliveredToRemoved: 0,
  readByNewcomer: 0,
  removedStillConnected: true,
  capturedGiven: 2,
  capturedOpened: 0,
  controlOpened: true,
  search: { linesSearched: 3, linesKnownBefore: 0, linesFound: 0, plantedLineFound: true, plantedIn: ['relay.db', 'relay.log'] },
  troubles: [],
};
