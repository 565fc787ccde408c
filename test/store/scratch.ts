import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A directory for one test. */
export class Scratch {
  readonly directory = mkdtempSync(join(tmpdir(), 'skissm-store-'));

  /** The path of a file in it. */
  path(name: string): string {
    return join(this.directory, name);
  }

  /** Every file in it with its bytes, to compare before and after. */
  snapshot(): Record<string, string> {
    return Object.fromEntries(this.names().map((name) => [name, readFileSync(this.path(name)).toString('latin1')]));
  }

  /** The names of the files in it. */
  names(): string[] {
    return readdirSync(this.directory).sort();
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}
