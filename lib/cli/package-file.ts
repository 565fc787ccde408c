import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { InternalError } from '../index.js';

/** The path of a file at the root of this package, upwards from the running code. */
export function packageFile(name: string): string {
  let directory = path.dirname(fileURLToPath(import.meta.url));
  while (!existsSync(path.join(directory, 'package.json'))) {
    const parent = path.dirname(directory);
    if (parent === directory) throw new InternalError('package-root', 'no package.json above the running code');
    directory = parent;
  }
  return path.join(directory, name);
}
