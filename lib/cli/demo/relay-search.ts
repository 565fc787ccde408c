import { PlaintextSearch, type Findings } from './plaintext-search.js';
import { withoutLineEnding } from '../lines.js';

/** What the search of the relay's files came to. */
export interface SearchResult {
  /** Lines of at least 12 bytes that were searched. */
  readonly linesSearched: number;
  /** Lines that stood in the relay's files before the first message, so that finding them again proves nothing. */
  readonly linesKnownBefore: number;
  /** Lines found in the relay's files, while it ran or afterwards. */
  readonly linesFound: number;
  /** Whether each search found the planted line in the relay's database or write-ahead log, and in its log. */
  readonly plantedLineFound: boolean;
  /** Files in which the planted line was found. */
  readonly plantedIn: readonly string[];
}

/** Number of the planted line among the searched texts. */
const planted = 0;

/**
 * The search of the relay's files for the lines of the input: before the first message, while the relay runs and after it has stopped. A line
 * that the relay itself stores and logs is searched with them, so that a search that finds nothing is known to be able to find.
 */
export class RelaySearch {
  readonly #directory: string;
  readonly #search: PlaintextSearch;
  readonly #before = new Set<number>();
  readonly #found = new Set<number>();
  readonly #plantedIn = new Set<string>();
  #plantedAlways = true;

  constructor(directory: string, plantedLine: string, messages: readonly Uint8Array[]) {
    this.#directory = directory;
    const lines = new Map(messages.map((message) => [Buffer.from(withoutLineEnding(message)).toString('latin1'), message]));
    this.#search = new PlaintextSearch([Buffer.from(plantedLine, 'utf8'), ...[...lines.values()].map(withoutLineEnding)]);
  }

  /** Notes what stands in the files before anything was sent. */
  async before(): Promise<void> {
    for (const text of (await this.#run()).keys()) if (text !== planted) this.#before.add(text);
  }

  /** Searches again; every search counts. */
  async again(): Promise<void> {
    const findings = await this.#run();
    for (const text of findings.keys()) if (text !== planted && !this.#before.has(text)) this.#found.add(text);
  }

  /** What all searches together came to. */
  result(): SearchResult {
    return {
      linesSearched: this.#search.size - 1,
      linesKnownBefore: this.#before.size,
      linesFound: this.#found.size,
      plantedLineFound: this.#plantedAlways,
      plantedIn: [...this.#plantedIn].sort(),
    };
  }

  async #run(): Promise<Findings> {
    const findings = await this.#search.searchDirectory(this.#directory);
    const files = [...(findings.get(planted) ?? [])];
    for (const file of files) this.#plantedIn.add(file);
    this.#plantedAlways &&= files.some((file) => file.includes('.db')) && files.some((file) => file.endsWith('.log'));
    return findings;
  }
}
