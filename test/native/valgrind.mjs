/** The programs that run operations on secrets, how they are built, and what valgrind's memcheck reports of them. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const output = path.join(root, 'build/secret-dependence');
/** Calls that a report tells: enough to see where something comes from, few enough to report it once. */
const callers = 6;

/** Why the check cannot run here; `undefined` if it can. */
export function whyNot() {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'the check is for Linux on x86-64';
  for (const tool of ['valgrind', 'addr2line']) {
    if (spawnSync(tool, ['--version'], { stdio: 'ignore' }).status !== 0) return `${tool} is not installed`;
  }
  const header = spawnSync('c++', ['-xc++', '-fsyntax-only', '-include', 'valgrind/memcheck.h', '/dev/null'], { stdio: 'ignore' });
  return header.status === 0 ? undefined : 'the header valgrind/memcheck.h is not installed';
}

/** Builds the programs; gives what went wrong, or `undefined`. */
export function buildPrograms() {
  const script = path.join(root, 'node_modules/cmake-js/bin/cmake-js');
  const options = ['-O', output, '-T', 'secret_dependence', '-p', String(availableParallelism()), '--CDSKISSM_SECRET_DEPENDENCE=ON'];
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, 'build', ...options], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  return status === 0 ? undefined : `the build failed\n${stdout}\n${stderr}`;
}

/** Whether there is such a build: the compiler must know its instructions. */
export function isBuilt(build) {
  return existsSync(programOf(build));
}

function programOf(build) {
  return path.join(output, `secret_dependence_${build}`);
}

/**
 * Runs a build's program under memcheck: how it ended, its cases as `{ result, name, findings }`. A finding is reported with the first case in which
 * it is met: `{ kind, frames }`, the functions innermost first, inlined ones among them, each as `{ name, place }`.
 */
export async function watch(build, wanted) {
  const program = programOf(build);
  const options = ['--error-limit=no', `--num-callers=${callers}`, '--read-inline-info=no'];
  const child = spawn('valgrind', [...options, program, ...wanted], { stdio: ['ignore', 'pipe', 'pipe'] });
  const [stdout, report, end] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise((resolve) => child.once('close', (code, signal) => resolve(signal ?? code))),
  ]);
  const { start, findings } = parse(report);
  const functions = functionsAt(program, start, [...new Set(findings.flatMap(({ stack }) => stack.map(({ address }) => address)))]);
  const told = findings.map(({ stack, ...finding }) => ({
    ...finding,
    frames: stack.flatMap(({ address, name }) => functions.get(address) ?? [{ name, place: 'outside the program' }]),
  }));
  const cases = [...stdout.matchAll(/^(ok|wrong|skipped) (.+)$/gmu)].map(([, result, name]) => ({
    result,
    name,
    findings: told.filter((finding) => finding.during === name),
  }));
  return { cases, end };
}

async function text(stream) {
  stream.setEncoding('utf8');
  let all = '';
  for await (const chunk of stream) all += chunk;
  return all;
}

/** Where the program was loaded, and the findings with the addresses on their stacks. */
function parse(report) {
  const findings = [];
  let start = 0;
  let during;
  let head = '';
  for (const [, line] of report.matchAll(/^(?:==|\*\*)\d+(?:==|\*\*) ?(.*)$/gmu)) {
    const [, place, address, name] = /^ {3}(at|by) 0x([0-9A-F]+): (.+)$/u.exec(line) ?? [];
    if (line.startsWith('starts at ')) start = Number(line.slice('starts at '.length));
    else if (line.startsWith('case ')) during = line.slice('case '.length);
    else if (place === undefined) head = line;
    else {
      if (place === 'at') findings.push({ during, kind: kindOf(head), stack: [] });
      // A caller's address is where it goes on, behind the call.
      findings.at(-1).stack.push({ address: Number.parseInt(address, 16) - (place === 'by' ? 1 : 0), name });
    }
  }
  return { start, findings };
}

function kindOf(head) {
  if (head.startsWith('Conditional jump or move depends')) return 'branch';
  return head.startsWith('Use of uninitialised value') ? 'address' : head;
}

/** The functions at addresses of the program, inlined ones first: valgrind does not know their names after link-time optimisation. */
function functionsAt(program, start, addresses) {
  const inside = addresses.filter((address) => address >= start);
  const input = inside.map((address) => `0x${(address - start).toString(16)}\n`).join('');
  const { stdout } = spawnSync('addr2line', ['-a', '-f', '-i', '-C', '-e', program], {
    input,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  const found = new Map();
  for (const [index, block] of stdout
    .split(/^0x[0-9a-f]+\n/mu)
    .slice(1)
    .entries()) {
    const lines = block.trimEnd().split('\n');
    if (lines[0] === '??') continue;
    const frames = lines.flatMap((name, at) => (at % 2 === 0 ? [{ name, place: path.basename(lines[at + 1]) }] : []));
    found.set(inside[index], frames);
  }
  return found;
}
