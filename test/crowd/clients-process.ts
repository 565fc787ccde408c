/** Some of the clients of a crowd, in one process, behind a line that breaks. */
import { Dice } from '../stories/dice.js';
import { type Counters, CrowdClient } from './crowd-client.js';
import { CuttingProxy } from './cutting-proxy.js';
import { planCrowd } from './plan.js';
import { type ClientsCommand, type ClientsSettings, type Progress, startedWith, tell } from './protocol.js';

/** How often it says how far it is, ms. */
const reportInterval = 100;

const settings = startedWith() as ClientsSettings;
const { own, port, seed, cutBytes } = settings;
const plan = planCrowd(settings);
const counters: Counters = { sent: 0, requests: 0, troubles: {} };
const dice = new Dice(seed * 1_000 + (own[0] ?? 0));
const proxy = await CuttingProxy.open({ port, bytesPerConnection: cutBytes, dice });
const clients: CrowdClient[] = [];
const reporting = setInterval(() => {
  tell({ progress: progress() });
}, reportInterval);

const commands: Readonly<Record<ClientsCommand, () => Promise<void>>> = {
  'make-groups': () => all((client) => client.makeGroups()),
  talk: () => all((client) => client.talk()),
  rest: () => all((client) => client.rest()),
  close: async () => {
    clearInterval(reporting);
    await all((client) => client.close());
    await proxy.close();
  },
};

process.on('message', (command: ClientsCommand) => {
  void carryOut(command, commands[command]).then(() => {
    if (command === 'close') process.disconnect();
  });
});
await carryOut('start', async () => {
  for (const number of own) clients.push(await CrowdClient.register(number, plan, settings, proxy.url, counters));
});

async function carryOut(name: 'start' | ClientsCommand, work: () => Promise<void>): Promise<void> {
  try {
    await work();
    tell({ done: name, progress: progress(), counts: clients.map(({ tally }) => tally.count()) });
  } catch (error) {
    tell({ failed: `${name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}` });
  }
}

async function all(work: (client: CrowdClient) => Promise<void>): Promise<void> {
  await Promise.all(clients.map(work));
}

function progress(): Progress {
  const received = clients.reduce((sum, { tally }) => sum + tally.received, 0);
  return {
    sent: counters.sent,
    received,
    cuts: proxy.cuts,
    resends: Math.max(0, counters.requests - counters.sent),
    troubles: counters.troubles,
  };
}
