/** Every target, by name. */
import * as client from './client-targets.js';
import * as relay from './relay-targets.js';
import * as store from './store-targets.js';
import type { Target } from './target.js';
import { textTarget } from './text-targets.js';
import * as wire from './wire-targets.js';

/** How a target is opened, and its share of the executions. */
export interface TargetRow {
  /** Per thousand: most go where one takes microseconds; a handler with its world takes milliseconds. */
  readonly weight: number;
  open(): Target | Promise<Target>;
}

/** All targets in this process; the addon, which runs under sanitizers, is one of its own (addon.mjs). */
export const targets: { readonly [name: string]: TargetRow } = {
  'wire-frame': { weight: 110, open: wire.frameTarget },
  'wire-push': { weight: 90, open: wire.pushTarget },
  'wire-payload': { weight: 130, open: wire.payloadTarget },
  'wire-request': { weight: 130, open: wire.requestTarget },
  'wire-response': { weight: 110, open: wire.responseTarget },
  'wire-message': { weight: 100, open: wire.messageTarget },
  'wire-key': { weight: 50, open: wire.keyTarget },
  'wire-record': { weight: 50, open: wire.recordTarget },
  'store-row': { weight: 40, open: store.rowTarget },
  'store-client': { weight: 10, open: store.clientStoreTarget },
  'store-relay': { weight: 10, open: store.relayStoreTarget },
  text: { weight: 30, open: textTarget },
  'client-content': { weight: 20, open: client.contentTarget },
  'client-push': { weight: 20, open: client.signedPushTarget },
  'client-group': { weight: 20, open: client.groupTarget },
  'client-message': { weight: 10, open: client.messageMutationTarget },
  'client-frame': { weight: 20, open: client.clientFrameTarget },
  'relay-request': { weight: 20, open: relay.relayRequestTarget },
  'relay-frame': { weight: 20, open: relay.relayFrameTarget },
};

/** The share of the addon, per thousand. */
export const addonWeight = 10;
