/** Lines of JSON between a child program and the test: commands in, results and events out, and a trace that survives the program. */
import { openSync, writeSync } from 'node:fs';
import { createInterface } from 'node:readline';

/** Prints one object. */
export function print(object) {
  process.stdout.write(`${JSON.stringify(object)}\n`);
}

/** A trace file: a line is with the system when the call returns, so it outlives a process that is killed in the next instruction. */
export function openTrace(path) {
  const file = openSync(path, 'a');
  return (object) => {
    writeSync(file, `${JSON.stringify(object)}\n`);
  };
}

/** Carries out commands `{ id, do, … }` of standard input, concurrently, and answers each with `{ id, result }` or `{ id, error }`. */
export function serve(commands) {
  createInterface({ input: process.stdin }).on('line', (line) => {
    const { id, do: name, ...words } = JSON.parse(line);
    Promise.resolve(commands[name](words)).then(
      (result) => print({ id, result: result ?? null }),
      (error) => print({ id, error: { code: error.code ?? 'unknown', message: error.message } }),
    );
  });
}
