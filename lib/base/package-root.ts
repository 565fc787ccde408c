import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { InternalError } from './errors.js';

function nameIn(directory: string): string | undefined {
  try {
    const description: unknown = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'));
    if (typeof description !== 'object' || description === null || !('name' in description)) return undefined;
    return typeof description.name === 'string' ? description.name : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The directory that holds this package's `package.json`, found by walking up from this file: the distance differs between the sources
 * and the built package. Throws `InternalError('package-root')`.
 */
export function packageRoot(): string {
  let directory = dirname(fileURLToPath(import.meta.url));
  while (nameIn(directory) !== 'skissm') {
    const parent = dirname(directory);
    if (parent === directory) throw new InternalError('package-root', 'no package.json named skissm above the running code');
    directory = parent;
  }
  return directory;
}
