/** `group-*`: groups replayed device by device: changes of membership, hand-over of keys, messages. Spec: group.md. */
import { type JsonObject, objects, optionalText, text, texts } from '../support/vectors-json.js';
import type { VectorCase } from '../vectors/vector-case.js';
import { GroupReplay } from './group-replay.js';
import { checkSuite, optionalObject } from './interop-file.js';

/** The users or devices that an epoch names in `key`: one text or several. */
function named(epoch: JsonObject, key: string): readonly string[] {
  return typeof epoch[key] === 'string' ? [text(epoch, key)] : texts(epoch, key);
}

/** All devices that an epoch is about. */
function partiesOf(epoch: JsonObject): readonly string[] {
  const delivered = objects(epoch, 'deliveries').map((delivery) => text(delivery, 'to'));
  return [...new Set([text(epoch, 'by'), ...delivered, ...Object.keys(optionalObject(epoch, 'sessions_after') ?? {})])];
}

function titleOf(epoch: JsonObject, number: number): string {
  const whom = [...named(epoch, 'added'), ...named(epoch, 'removed')];
  return `epoch ${number}, ${text(epoch, 'change')}${whom.length === 0 ? '' : ` ${whom.join(' ')}`}`;
}

/** One case per device, per bundle handed over and per message, in the order of events. */
function epochCases(replay: () => GroupReplay, epoch: JsonObject, number: number): VectorCase[] {
  const title = titleOf(epoch, number);
  const deliveries = objects(epoch, 'deliveries');
  const after = optionalObject(epoch, 'sessions_after') ?? {};
  const bundles = deliveries.filter((delivery) => optionalText(delivery, 'plaintext_b64') !== undefined);
  return [
    ...partiesOf(epoch).map((party): VectorCase => ({
      name: `${title}: ${party}`,
      run: () => {
        if (party === text(epoch, 'by')) replay().act(epoch);
        for (const delivery of deliveries) if (text(delivery, 'to') === party) replay().deliver(delivery);
        replay().checkSessions(party, after[party] === undefined ? [] : objects(after, party));
      },
    })),
    ...bundles.map((delivery): VectorCase => ({
      name: `${title}: bundle from ${text(delivery, 'from')} to ${text(delivery, 'to')}`,
      run: () => {
        replay().checkBundle(delivery);
      },
    })),
    {
      name: `${title}: no other bundles`,
      run: () => {
        replay().checkNothingElseMade();
      },
    },
    ...objects(epoch, 'messages').map((event): VectorCase => {
      const isSend = text(event, 'op') === 'send';
      return {
        name: `${title}: ${isSend ? `${text(event, 'from')} sends` : `${text(event, 'to')} receives`} message ${String(event['msg'])}`,
        run: () => {
          if (isSend) replay().send(event);
          else replay().receive(event);
        },
      };
    }),
  ];
}

/** The cases of a file, to be run in order, and the replay behind them. */
export function replayOf(file: JsonObject): { readonly cases: VectorCase[]; readonly replay: () => GroupReplay } {
  let started: GroupReplay | undefined;
  const replay = () => (started ??= new GroupReplay(file));
  const cases = [
    { name: 'suite', run: () => checkSuite(file) },
    ...objects(file, 'epochs').flatMap((epoch, number) => epochCases(replay, epoch, number)),
  ];
  return { cases, replay };
}

/** One case per epoch and device, per bundle and per message; they build on each other. */
export function groupCases(file: JsonObject): VectorCase[] {
  return replayOf(file).cases;
}
