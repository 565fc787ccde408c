/** Finds vector files in a folder and recognises each by its content, wherever it stands. */
import { readFileSync, readdirSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { type JsonObject, asObject } from '../support/vectors-json.js';
import { acvpCases, isAcvp } from './acvp.js';
import { accumulatedCases, cctvTextCases, isAccumulated } from './cctv.js';
import { cavpCases } from './cavp.js';
import { isPqclean, pqcleanCases } from './pqclean.js';
import { isRfc, rfcCases } from './rfc.js';
import type { VectorCase } from './vector-case.js';
import { isWycheproof, wycheproofCases } from './wycheproof.js';
import { isXeddsa, xeddsaCases } from './xeddsa.js';

/** The kinds of vectors, named as their folders. */
export const vectorKinds = ['acvp', 'cavp', 'cctv', 'pqclean', 'rfc', 'wycheproof', 'xeddsa'] as const;

/** One file of vectors; `covered` names the command that checks it instead. */
export type VectorFile = { readonly name: string } & ({ readonly cases: readonly VectorCase[] } | { readonly covered: string });

const jsonKinds: readonly { recognises(file: JsonObject): boolean; cases(file: JsonObject): VectorCase[] }[] = [
  { recognises: isWycheproof, cases: wycheproofCases },
  { recognises: isAcvp, cases: acvpCases },
  { recognises: isAccumulated, cases: accumulatedCases },
  { recognises: isXeddsa, cases: xeddsaCases },
  { recognises: isRfc, cases: rfcCases },
  { recognises: isPqclean, cases: pqcleanCases },
];

/** Whole conversations of the reference, which another command replays. */
function isInterop(file: JsonObject): boolean {
  const about = file['about'];
  return typeof about === 'object' && about !== null && 'how_to_check' in about;
}

function readJson(name: string, content: string): VectorFile {
  const file = asObject(JSON.parse(content), 'the file');
  if (isInterop(file)) return { name, covered: 'npm run interop' };
  const kind = jsonKinds.find((entry) => entry.recognises(file));
  if (kind === undefined) throw new Error('its kind is not known');
  return { name, cases: kind.cases(file) };
}

/** Reads one file. Throws when its kind is not known or it holds no case. */
export function readVectorFile(path: string, name: string): VectorFile {
  const raw = readFileSync(path);
  const content = (path.endsWith('.gz') ? gunzipSync(raw) : raw).toString('utf8');
  const plainName = name.replace(/\.gz$/u, '');
  const file = plainName.endsWith('.json') ? readJson(name, content) : { name, cases: readText(plainName, content) };
  if ('cases' in file && file.cases.length === 0) throw new Error('it holds no case');
  return file;
}

function readText(name: string, content: string): VectorCase[] {
  if (name.endsWith('.rsp')) return cavpCases(content);
  if (name.endsWith('.txt')) return cctvTextCases(basename(name), content);
  throw new Error('its kind is not known');
}

/** Files that stand beside vectors without holding any. */
const companion = /^(?:\.|LICENSE|NOTICE|README|COPYING)/iu;

/** Paths of all vector files under `directory`, in name order, relative to it. */
export function vectorPaths(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !companion.test(entry.name))
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)))
    .sort();
}
