import { cp } from 'node:fs/promises';
import { formatAddress, InternalError } from '../../index.js';
import { fromJsonContent, toJsonContent } from '../content.js';
import type { OutputEvent } from '../output.js';
import { openedBy, pushesOf, readRecording } from './captured.js';
import type { Child } from './child.js';
import { GroupBooks } from './group-books.js';
import { cast, everybody, GroupScript, rounds, type Round } from './group-script.js';
import type { GroupMeasured } from './group-summary.js';
import { recordingIn, storeIn, type Household, type Party, type RunningRelay } from './household.js';
import { readdressed } from './readdress.js';
import { RelaySearch } from './relay-search.js';
import { isTrouble, patience, Reports } from './reports.js';

/** What one device reports, whichever of its processes says it. */
interface Member {
  readonly name: string;
  /** How often each event was reported. */
  readonly seen: Map<string, number>;
  child: Child | undefined;
}

/** Tells people what happens. */
type Say = (text: string) => Promise<void>;

const { laptop, tablet, bob, carol, dave } = cast;

/** The one-to-one message that shows that the removed device is still connected. */
const probe = 'are you still there?\n';

/**
 * The part of the demonstration about groups: a group is made, everybody talks, somebody is added, somebody is removed. The accounts of `laptop` and
 * `bob` exist already and no process has them open.
 */
export class GroupPart {
  readonly #household: Household;
  readonly #script = new GroupScript();
  readonly #books = new GroupBooks();
  readonly #reports = new Reports();
  readonly #troubles: string[] = [];
  readonly #members: ReadonlyMap<Party, Member>;
  readonly #search: RelaySearch;
  #group = '';
  #isStillConnected = false;
  #captured = { given: 0, opened: 0, controlOpened: false };

  constructor(household: Household) {
    this.#household = household;
    const { domain } = household;
    this.#members = new Map(
      everybody.map((party) => {
        const name = formatAddress({ userId: party.user, deviceId: party.device, domain });
        return [party, { name, seen: new Map<string, number>(), child: undefined }];
      }),
    );
    this.#search = new RelaySearch(household.relayDirectory, domain, this.#script.contents);
  }

  /** Registers who is missing, with the invitations for new users. */
  async prepare(relay: RunningRelay, invitations: readonly string[], suite: string): Promise<void> {
    const [ofCarol = '', ofDave = ''] = invitations;
    const register = (party: Party, invitation: string): Promise<string> => this.#household.register(party, relay, invitation, suite);
    await Promise.all([
      register(carol, ofCarol),
      register(dave, ofDave),
      this.#household.invite(tablet.user).then((invitation) => register(tablet, invitation)),
    ]);
    await this.#search.before();
  }

  /** Plays the part. Rejects with `InternalError('demonstration-stalled')` when what has to happen does not. */
  async run(say: Say): Promise<void> {
    const user = (party: Party): string => `${party.user}@${this.#household.domain}`;
    await Promise.all([tablet, bob, carol, dave].map((party) => this.#start(party)));
    const made = await this.#household.group(laptop, 'create', 'friends', user(bob), user(carol));
    this.#group = String(made['group']);
    await this.#sees('group-ready', [tablet, bob, carol]);
    await this.#start(laptop);
    await say(`${laptop.user} has made a group with ${bob.user} and ${carol.user}: four devices talk`);
    await this.#talk(rounds.first);

    await this.#change('add', user(dave));
    await this.#sees('group-members-added', [tablet, bob, carol]);
    await this.#sees('group-ready', [dave]);
    await this.#start(laptop);
    await say(`${laptop.user} has added ${dave.user}: five devices talk`);
    await this.#talk(rounds.withNewcomer);
    await this.#search.again();

    await this.#stop(bob);
    await cp(this.#household.folder(bob), this.#copyOfBob, { recursive: true });
    await this.#start(bob);
    await this.#talk(rounds.beforeRemoval);
    await this.#change('remove', user(bob));
    await this.#sees('group-members-removed', [tablet, bob, carol, dave]);
    await this.#start(laptop);
    await say(`${laptop.user} has removed ${bob.user}: the others talk, ${bob.user} stays connected`);
    await this.#talk(rounds.afterRemoval);
    await this.#ask();
    await this.#search.again();
    for (const party of everybody) await this.#stop(party);
    await this.#giveToCopy(say);
  }

  /** Searches the relay's files once more; call it when the relay has stopped. */
  async searchAgain(): Promise<void> {
    await this.#search.again();
  }

  /** What it came to. */
  result(): GroupMeasured {
    const counts = this.#books.result();
    const { given, opened, controlOpened } = this.#captured;
    return {
      devices: everybody.length,
      users: new Set(everybody.map(({ user }) => user)).size,
      counts,
      deliveredToRemoved: counts.readByOthers.get(this.#nameOf(bob)) ?? 0,
      readByNewcomer: counts.readByOthers.get(this.#nameOf(dave)) ?? 0,
      removedStillConnected: this.#isStillConnected,
      capturedGiven: given,
      capturedOpened: opened,
      controlOpened,
      search: this.#search.result(),
      troubles: this.#troubles,
    };
  }

  get #copyOfBob(): string {
    return `${this.#household.folder(bob)}-before-removal`;
  }

  #member(party: Party): Member {
    const member = this.#members.get(party);
    if (member === undefined) throw new InternalError('demonstration-cast', 'somebody takes part who is not in the cast');
    return member;
  }

  #nameOf(party: Party): string {
    return this.#member(party).name;
  }

  async #start(party: Party): Promise<void> {
    const member = this.#member(party);
    member.child = await this.#household.listen(party, { record: true }, (event) => this.#take(member, event));
  }

  async #stop(party: Party): Promise<void> {
    const member = this.#member(party);
    if (member.child !== undefined) await this.#household.stop(member.child);
    member.child = undefined;
  }

  #take(member: Member, event: OutputEvent): void {
    member.seen.set(event.event, (member.seen.get(event.event) ?? 0) + 1);
    const messageId = String(event['messageId']);
    if (event.event === 'sent' && 'group' in event) this.#books.sent(member.name, messageId);
    else if (event.event === 'message' && event['kind'] === 'group-message') {
      this.#books.received(member.name, String(event['from']), messageId, fromJsonContent(event));
    } else if (event.event === 'message') this.#isStillConnected ||= member === this.#member(bob) && event['text'] === probe;
    else if (isTrouble(event.event)) this.#troubles.push(JSON.stringify(event));
    this.#reports.arrived();
  }

  /** Waits until each of them has reported the event. */
  async #sees(event: string, parties: readonly Party[]): Promise<void> {
    if (await this.#reports.until(() => parties.every((party) => this.#member(party).seen.has(event)))) return;
    throw new InternalError('demonstration-stalled', `a device of the group had not reported ${event} after ${patience / 1000} s`);
  }

  /** Changes who is in the group, with a command of its own: the manager's process has to make room for it. */
  async #change(verb: 'add' | 'remove', user: string): Promise<void> {
    await this.#stop(laptop);
    await this.#household.group(laptop, verb, this.#group, user);
  }

  async #talk(round: Round): Promise<void> {
    for (const { sender, bytes } of this.#script.linesOf(round)) {
      const readers = round.readers.filter((reader) => reader !== sender).map((reader) => this.#nameOf(reader));
      this.#books.expect(this.#nameOf(sender), bytes, readers);
      await this.#write(sender, { group: this.#group, ...toJsonContent(bytes) });
    }
    // What does not come is counted as lost.
    await this.#reports.until(() => this.#books.isComplete);
  }

  /**
   * Sends the removed device a message of its own. The relay delivers in order: had a message of the group been on its way, it would have come before.
   */
  async #ask(): Promise<void> {
    await this.#write(laptop, { to: `${bob.user}@${this.#household.domain}`, text: probe });
    await this.#reports.until(() => this.#isStillConnected);
  }

  async #write(party: Party, line: object): Promise<void> {
    await this.#member(party).child?.write(Buffer.from(`${JSON.stringify(line)}\n`, 'utf8'));
  }

  /**
   * Gives what was pushed to others after the removal to a copy of the removed device that was made before it, has all its keys and was never told of
   * it; and one message from before the removal, which it has to be able to open.
   */
  async #giveToCopy(say: Say): Promise<void> {
    const control = this.#script.linesOf(rounds.beforeRemoval);
    const recorded = (await Promise.all([tablet, carol].map((party) => this.#recorded(party)))).flat();
    const [ownPush] = await this.#recorded(bob);
    if (ownPush === undefined) throw new InternalError('demonstration-recording', 'nothing was recorded of what the relay pushed');
    const later = this.#books.idsKeptFrom(this.#nameOf(bob));
    const before = control.flatMap(({ sender, bytes }) => this.#books.idOf(this.#nameOf(sender), bytes) ?? []);
    const ids = [...before, ...later];
    const pushes = pushesOf(ids, recorded).map((push) => readdressed(push, ownPush));
    const contents = await openedBy(storeIn(this.#copyOfBob), ids, pushes);
    const isControl = (content: Uint8Array): boolean => control.some(({ bytes }) => Buffer.from(bytes).equals(content));
    const opened = contents.filter((content) => !isControl(content)).length;
    this.#captured = { given: later.length, opened, controlOpened: contents.some(isControl) };
    await say(
      `${later.length} of their messages, as the relay delivered them, were given to a copy of ${bob.user}'s device with all its keys`,
    );
  }

  #recorded(party: Party): Promise<Uint8Array[]> {
    return readRecording(recordingIn(this.#household.folder(party)));
  }
}
