import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Command } from 'commander';
import { InternalError, suiteByName, UsageError } from '../index.js';
import { Exchange } from './demo/exchange.js';
import { GroupPart } from './demo/group-part.js';
import { cast } from './demo/group-script.js';
import { Household } from './demo/household.js';
import { readMessages } from './demo/input.js';
import { RelaySearch } from './demo/relay-search.js';
import { formatSummary, summarize, type Summary } from './demo/summary.js';
import { DemonstrationError } from './exit-codes.js';
import { jsonOption, positiveInteger, suiteHelp, suiteOption } from './options.js';
import { Output } from './output.js';
import { packageFile } from './package-file.js';
import { showProgress } from './progress.js';
import { stopSignal } from './signals.js';

interface DemoOptions {
  readonly input?: string;
  readonly suite?: string;
  readonly messages?: number;
  readonly keep?: string;
  readonly json?: boolean;
}

const { laptop: alice, bob } = cast;

/** Adds `skissm demo`. */
export function addDemo(program: Command): void {
  program
    .command('demo')
    .description('start a relay and clients as processes of their own, exchange every line of a file, talk in a group and check the result')
    .option('--input <file>', "file whose lines are sent (default: this package's README.md)")
    .addOption(suiteOption())
    .option('--messages <number>', 'send so many lines: cut the file or repeat it', positiveInteger)
    .option('--keep <directory>', 'work in this new or empty directory and leave everything there')
    .addOption(jsonOption())
    .addHelpText('after', suiteHelp)
    .action(demo);
}

async function demo(options: DemoOptions): Promise<void> {
  const output = new Output(options.json === true);
  const input = options.input ?? packageFile('README.md');
  if (options.suite !== undefined) suiteByName(options.suite);
  const messages = await readMessages(input, options.messages);
  const directory = await workingDirectory(options.keep);
  try {
    const summary = await run({ ...options, input }, messages, directory, output);
    await output.result({ event: 'summary', ...summary }, formatSummary(summary));
    if (!summary.ok) throw new DemonstrationError('demonstration-failed', 'a check of the demonstration failed; see the summary');
  } finally {
    if (options.keep === undefined) await rm(directory, { recursive: true, force: true });
  }
}

async function run(
  options: DemoOptions & { readonly input: string },
  messages: readonly Uint8Array[],
  directory: string,
  output: Output,
): Promise<Summary> {
  // The domain is the planted line: the relay stores it in its database and writes it to its log.
  const household = new Household(directory, `planted-${randomBytes(8).toString('hex')}.demo`);
  const interrupted = interruption();
  try {
    return await Promise.race([household.failed, interrupted, perform(household, options, messages, output)]);
  } finally {
    await household.close();
  }
}

async function perform(
  household: Household,
  options: DemoOptions & { readonly input: string },
  messages: readonly Uint8Array[],
  output: Output,
): Promise<Summary> {
  const say = (text: string): Promise<void> => (output.json ? Promise.resolve() : output.result({ event: 'step' }, text));
  const relay = await household.startRelay(4);
  await say(`relay at ${relay.url}, files in ${household.directory}`);
  const [invitationOfAlice = '', invitationOfBob = '', ...otherInvitations] = relay.invitations;
  const [suite] = await Promise.all([
    household.register(alice, relay, invitationOfAlice, options.suite),
    household.register(bob, relay, invitationOfBob, options.suite),
  ]);
  await say(`registered ${alice.user} and ${bob.user} with suite ${suite}`);

  const exchange = new Exchange(messages);
  const [sender, receiver] = await Promise.all([
    household.listen(alice, { to: bob }, (event) => exchange.senderReports(event)),
    household.listen(bob, { to: alice }, (event) => exchange.receiverReports(event)),
  ]);
  await exchange.ready();
  const search = new RelaySearch(household.relayDirectory, household.domain, messages);
  await search.before();
  await say(`sending ${messages.length} lines of ${path.basename(options.input)} from ${alice.user} to ${bob.user}, each is answered`);
  const progress = showProgress(suite, messages.length, 'messages');
  let seconds: number;
  try {
    seconds = await exchange.run(
      sender,
      receiver,
      (answered) => progress.update(answered),
      () => search.again(),
    );
  } finally {
    progress.stop();
  }
  await search.again();
  await household.stop(sender);
  await household.stop(receiver);

  const group = new GroupPart(household);
  await group.prepare(relay, otherInvitations, suite);
  await group.run(say);
  await household.stop(relay.child);
  await Promise.all([search.again(), group.searchAgain()]);
  return summarize({
    suite,
    input: path.basename(options.input),
    messages,
    exchange: exchange.result(),
    seconds,
    search: search.result(),
    group: group.result(),
  });
}

/** Rejects when the user stops the demonstration, so that it cleans up. */
async function interruption(): Promise<never> {
  const signal = stopSignal();
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(new InternalError('interrupted', 'the demonstration was stopped')), { once: true });
  });
}

async function workingDirectory(keep: string | undefined): Promise<string> {
  if (keep === undefined) return mkdtemp(path.join(tmpdir(), 'skissm-demo-'));
  await mkdir(keep, { recursive: true, mode: 0o700 });
  if ((await readdir(keep)).length > 0) throw new UsageError('keep', `${keep} is not empty`);
  return path.resolve(keep);
}
