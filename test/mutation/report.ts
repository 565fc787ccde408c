/** What became of the mutations of a run: which layer stopped each, and how many were good all the same. */

/** How far a mutation came. */
export const layers = ['frame', 'decode', 'signature', 'address', 'session', 'ratchet', 'content', 'handler'] as const;

/** One of {@link layers}. */
export type Layer = (typeof layers)[number];

const meanings: { readonly [L in Layer]: string } = {
  frame: 'frame decode',
  decode: 'request or push decode',
  signature: 'signature check',
  address: 'address check',
  session: 'session lookup',
  ratchet: 'ratchet',
  content: 'content decode',
  handler: 'handler',
};

/** What was seen of one mutation. */
export interface Verdict {
  readonly layer: Layer;
  /** Still valid: it had the effect of what it was made from, once, and no other. */
  readonly harmless: boolean;
  /** The outer frame was good and the mutation belonged to a session: of two devices, or an authenticated one with the relay. */
  readonly validSession: boolean;
}

/** Counts of one side. */
export class Tally {
  total = 0;
  harmless = 0;
  validSession = 0;
  readonly byLayer = new Map<Layer, number>();
  readonly byGroup = new Map<string, number>();

  /** What must not have happened, and after which mutation. */
  readonly harm: string[] = [];

  /** Counts a verdict; one that cannot be given, because harm was done, is noted. */
  judge(where: string, group: string, verdict: () => Verdict): void {
    try {
      this.#add(group, verdict());
    } catch (error) {
      this.harm.push(`${where}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  #add(group: string, { layer, harmless, validSession }: Verdict): void {
    this.total += 1;
    if (harmless) this.harmless += 1;
    if (validSession) this.validSession += 1;
    this.byLayer.set(layer, (this.byLayer.get(layer) ?? 0) + 1);
    this.byGroup.set(group, (this.byGroup.get(group) ?? 0) + 1);
  }

  at(layer: Layer): number {
    return this.byLayer.get(layer) ?? 0;
  }
}

function row(name: string, counts: readonly (number | string)[]): string {
  return name.padEnd(44) + counts.map((count) => String(count).padStart(9)).join('');
}

function share(part: number, whole: number): string {
  return `${((100 * part) / whole).toFixed(1)} %`;
}

/** The table of a run. */
export function formatReport(client: Tally, relay: Tally): string {
  const both = (of: (tally: Tally) => number): number[] => [of(client), of(relay), of(client) + of(relay)];
  const total = client.total + relay.total;
  const lines = [row('stopped or taken at', ['client', 'relay', 'together'])];
  for (const layer of layers)
    lines.push(
      row(
        meanings[layer],
        both((tally) => tally.at(layer)),
      ),
    );
  lines.push(
    row(
      'all',
      both((tally) => tally.total),
    ),
  );
  lines.push(
    row('valid outer frame and valid session', [
      ...both((tally) => tally.validSession),
      share(client.validSession + relay.validSession, total),
    ]),
  );
  lines.push(
    row('still valid, with exactly its effect', [...both((tally) => tally.harmless), share(client.harmless + relay.harmless, total)]),
  );
  for (const [name, tally] of [
    ['client', client],
    ['relay', relay],
  ] as const) {
    for (const [group, count] of [...tally.byGroup].sort()) lines.push(row(`  ${name}: ${group}`, [count]));
  }
  return lines.join('\n');
}
