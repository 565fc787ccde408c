/** Mistakes that the harness must find, each a small patch of the source, applied to a copy. */
import { transformSync } from '@swc/core';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundle } from '../../deps/bundle.mjs';
import { packageRoot } from '../../lib/base/package-root.js';

/** One mistake. */
export interface Flaw {
  readonly name: string;
  /** Below `lib/`, without its extension. */
  readonly file: string;
  /** What stands there, once. */
  readonly right: string;
  readonly wrong: string;
}

/** All of them. */
export const flaws: readonly Flaw[] = [
  {
    name: 'what leaves does not wait for the commit',
    file: 'client/step',
    right: `      if (durable !== undefined) await durable;
      count?.durable();
      wipeAll(next.retired ?? []);
      next.after?.();
`,
    wrong: `      next.after?.();
      if (durable !== undefined) await durable;
      count?.durable();
      wipeAll(next.retired ?? []);
`,
  },
  {
    name: 'a push is noted before its effect is committed',
    file: 'client/receive',
    right: `      plan.add(pushes.add(tag.id, state));
`,
    wrong: `      await this.#core().steps.run([], () => new Plan().add(pushes.add(tag.id, state)).finish(undefined));
`,
  },
  {
    name: 'a one-time pre-key is deleted before the session that used it is committed',
    file: 'client/receive-handshake',
    right: `    if (oneTimePreKey !== undefined) plan.write(deleteOneTimePreKey(oneTimePreKey.id));
`,
    wrong: `    const { id = 0 } = oneTimePreKey ?? {};
    if (id !== 0) await core.steps.run([], () => new Plan().write(deleteOneTimePreKey(id)).finish(undefined));
`,
  },
];

/** A copy of the package with `flaw` in it; resolves with its directory, which the caller removes. Rejects when the source no longer has what is to be spoilt. */
export async function flawedCopy({ file, right, wrong }: Flaw): Promise<string> {
  const root = packageRoot();
  const source = readFileSync(join(root, 'lib', `${file}.ts`), 'utf8');
  if (source.split(right).length !== 2) throw new Error(`lib/${file}.ts does not have this once: ${right}`);
  const { code } = transformSync(source.replace(right, wrong), {
    jsc: { target: 'es2023', parser: { syntax: 'typescript' } },
    module: { type: 'es6' },
  });
  const copy = mkdtempSync(join(tmpdir(), 'skissm-flawed-'));
  for (const name of ['node_modules', 'package.json']) symlinkSync(join(root, name), join(copy, name));
  mkdirSync(join(copy, 'build'));
  symlinkSync(join(root, 'build/Release'), join(copy, 'build/Release'));
  const modules = join(copy, 'build/modules');
  cpSync(join(root, 'build/modules'), modules, { recursive: true });
  writeFileSync(join(modules, 'lib', `${file}.js`), code);
  await bundle(modules, join(copy, 'dist'));
  cpSync(join(root, 'dist/lib/store/sqlite/migrations'), join(copy, 'dist/lib/store/sqlite/migrations'), { recursive: true });
  return copy;
}
