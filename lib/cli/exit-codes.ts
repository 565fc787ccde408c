import { CommanderError } from 'commander';
import { DecodeError, E2eeError, ProtocolError, StoreError, TransportError, UsageError, VerificationError } from '../index.js';

/** What the process ends with; scripts may rely on these numbers. */
export const exitCodes = {
  success: 0,
  internal: 1,
  usage: 2,
  transport: 3,
  store: 4,
  verification: 5,
  demonstration: 6,
} as const;

/** The table of exit codes as `--help` shows it. */
export const exitCodeHelp = `
Exit codes:
  0  done
  1  internal error
  2  wrong usage
  3  not delivered: relay offline, it refused, or a device has not answered yet (what was sent is stored and goes out later)
  4  store missing, locked, damaged or full
  5  refused by a check: signature, identity, protocol or format
  6  the demonstration ended with a failed check`;

/** The demonstration ran to its end and something was lost, altered, duplicated, reordered or readable. */
export class DemonstrationError extends E2eeError {}

/** The exit code that tells what kind of error ended the program. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.success : exitCodes.usage;
  if (error instanceof UsageError) return exitCodes.usage;
  if (error instanceof TransportError || isRefusalOfRelay(error)) return exitCodes.transport;
  if (error instanceof StoreError) return exitCodes.store;
  if (error instanceof VerificationError || error instanceof ProtocolError || error instanceof DecodeError) return exitCodes.verification;
  if (error instanceof DemonstrationError) return exitCodes.demonstration;
  return exitCodes.internal;
}

/** The relay has answered and will not do it: for whoever waits, as good as no relay. */
function isRefusalOfRelay(error: unknown): boolean {
  return error instanceof ProtocolError && ['registration-refused', 'no-such-user', 'unreachable-user'].includes(error.code);
}

/** An error as code and message for one line of output; nothing of an unknown error but its message. */
export function describeError(error: unknown): { readonly code: string; readonly message: string } {
  if (error instanceof CommanderError) return { code: 'usage', message: oneLine(error.message.replace(/^error: /u, '')) };
  if (error instanceof E2eeError) return { code: error.code, message: oneLine(error.message) };
  return { code: 'internal', message: oneLine(error instanceof Error ? error.message : String(error)) };
}

function oneLine(text: string): string {
  return text.replace(/\s*\n\s*/gu, ' ');
}
