import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder that holds our `package.json`, whether this runs from the sources or from `dist`. */
export function packageRoot(): string {
  let folder = path.dirname(fileURLToPath(import.meta.url));
  while (!existsSync(path.join(folder, 'package.json'))) {
    const parent = path.dirname(folder);
    if (parent === folder) throw new Error('no package.json above the benchmark');
    folder = parent;
  }
  return folder;
}

/** The version of an installed package, or of this one without a name; `undefined` when it is not installed. */
export function versionOf(name?: string): string | undefined {
  const file = path.join(packageRoot(), ...(name === undefined ? [] : ['node_modules', name]), 'package.json');
  if (!existsSync(file)) return undefined;
  return (JSON.parse(readFileSync(file, 'utf8')) as { readonly version: string }).version;
}
