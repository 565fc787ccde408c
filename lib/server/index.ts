/** The relay, for programs that embed it: `skissm/server`. */
export { defaultRelayLimits } from './relay-limits.js';
export type { Rate, RelayLimits } from './relay-limits.js';
export { type LogFields, type Logger, silentLogger } from '../base/logger.js';
export { listen } from './listen.js';
export type { ListenOptions, RelayListener } from './listen.js';
export { Relay, openRelay } from './relay.js';
export type { Door, InvitationOptions, RelayOptions } from './relay.js';
export type { RelayHooks } from './hooks.js';
export type { FriendNotice, Friendship, GroupChange, GroupNotice, SystemNotice } from '../wire/notification.js';
