import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { addDemo } from './demo.js';
import { addDevices } from './devices.js';
import { exitCodeHelp } from './exit-codes.js';
import { addFile } from './file.js';
import { addFingerprint } from './fingerprint.js';
import { addGroup } from './group.js';
import { addInvite } from './invite.js';
import { addListen } from './listen.js';
import { packageFile } from './package-file.js';
import { addRegister } from './register.js';
import { addRelay } from './relay.js';
import { addSend } from './send.js';
import { addStatus } from './status.js';
import { addSuites } from './suites.js';

/** The command `skissm` with all its subcommands. It throws commander's errors instead of ending the process. */
export function createProgram(): Command {
  const program = new Command('skissm');
  program
    .description('post-quantum end-to-end encrypted messaging')
    .version(version())
    .addHelpText('after', exitCodeHelp)
    .configureOutput({ outputError: () => undefined })
    .exitOverride();
  for (const add of [
    addRelay,
    addRegister,
    addInvite,
    addSend,
    addListen,
    addGroup,
    addFingerprint,
    addDevices,
    addStatus,
    addFile,
    addSuites,
    addDemo,
  ])
    add(program);
  return program;
}

function version(): string {
  const description: unknown = JSON.parse(readFileSync(packageFile('package.json'), 'utf8'));
  if (typeof description !== 'object' || description === null || !('version' in description)) return 'unknown';
  return String(description.version);
}
