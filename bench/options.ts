/** The command line of `npm run bench`. */
import { Command, InvalidArgumentError } from 'commander';
import { type CipherSuite, UsageError, suiteByName, suites } from '../lib/index.js';
import { usualSuites } from './catalogue.js';
import { type Effort, fullEffort, quickEffort } from './measure.js';

/** What to do. */
export interface Options {
  readonly suites: readonly [CipherSuite, ...CipherSuite[]];
  readonly only: readonly string[];
  readonly effort: Effort;
  /** Where the JSON goes; `true`: to standard output. */
  readonly json?: string | true;
  readonly html?: string;
  readonly readme?: string;
  /** An earlier report to use instead of measuring. */
  readonly from?: string;
  readonly list: boolean;
}

interface Given {
  readonly suite?: readonly string[];
  readonly only?: readonly string[];
  readonly duration?: number;
  readonly quick?: boolean;
  readonly json?: string | true;
  readonly html?: string;
  readonly readme?: string;
  readonly from?: string;
  readonly list?: boolean;
}

const examples = `
Examples:
  npm run bench                                      everything, in about a quarter of an hour
  npm run bench -- --quick                           everything once: enough to see that it runs
  npm run bench -- --only session. --only group.50   the figures whose names begin so
  npm run bench -- --suite curve25519 --duration 2   one suite, longer rounds
  npm run bench -- --json run.json --html run.html   writes the report for programs and for people
  npm run bench -- --from run.json --html run.html   makes the page from an earlier run

Exit codes:
  0  done
  1  internal error, or a measured operation that gave a wrong result
  2  wrong usage
  4  a file that cannot be read or written`;

/** The options that `words` give. Throws `CommanderError` (its exit code is 0 after \`--help\`) and `UsageError`. */
export function parseOptions(words: readonly string[]): Options {
  const command = new Command('npm run bench --')
    .description('measures the library beside a C loop of the same steps and beside other implementations')
    .option(
      '--suite <name>',
      'a cipher suite, or "all"; may be given several times (default: five suites); what clients and relays do is measured with the first',
      collected,
    )
    .option('--only <prefix>', 'only figures whose name begins so; may be given several times', collected)
    .option(
      '--duration <seconds>',
      `seconds of a round, of which a figure has ${fullEffort.rounds} (default: ${fullEffort.roundSeconds})`,
      seconds,
    )
    .option('--quick', 'short rounds and few of them')
    .option('--json [file]', 'write the report as JSON, to standard output without a file')
    .option('--html <file>', 'write the report as one page')
    .option('--readme <file>', 'put the table of the report between the marks in this file')
    .option('--from <file>', 'use the JSON of an earlier run instead of measuring')
    .option('--list', 'print the names of the figures and measure nothing')
    .addHelpText('after', examples)
    .allowExcessArguments(false)
    .configureOutput({ outputError: () => undefined })
    .exitOverride()
    .parse(words, { from: 'user' });
  const { suite, only = [], duration, quick = false, list = false, ...outputs } = command.opts<Given>();
  if (quick && duration !== undefined) throw new UsageError('options', '--quick and --duration exclude each other');
  if (outputs.from !== undefined && (suite ?? (only.length > 0 || quick || duration !== undefined || list)) !== false) {
    throw new UsageError('options', '--from measures nothing: it goes with --json, --html and --readme only');
  }
  const effort = quick ? quickEffort : { ...fullEffort, roundSeconds: duration ?? fullEffort.roundSeconds };
  return { suites: suite === undefined ? usualSuites : suitesNamed(suite), only, effort, list, ...outputs };
}

function collected(text: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, text];
}

function seconds(text: string): number {
  const value = Number(text);
  if (!(value >= 0.001 && value <= 600)) throw new InvalidArgumentError('seconds from 0.001 to 600 are needed.');
  return value;
}

function suitesNamed(names: readonly string[]): readonly [CipherSuite, ...CipherSuite[]] {
  const [first, ...others] = new Set(names.flatMap((name) => (name === 'all' ? suites() : [suiteNamed(name)])));
  if (first === undefined) throw new UsageError('options', '--suite needs a name');
  return [first, ...others];
}

function suiteNamed(name: string): CipherSuite {
  try {
    return suiteByName(name);
  } catch {
    throw new UsageError('unknown-suite', `no cipher suite is called ${JSON.stringify(name)}: see \`npx skissm suites\``);
  }
}
