declare const brand: unique symbol;

/** A string of one kind that cannot be passed for another; exists for the compiler only. */
export type Brand<Text extends string> = string & { readonly [brand]: Text };

/** Names a one-to-one session on both sides: 16 bytes in base64, 24 characters. Spec: wire.md §1. */
export type SessionId = Brand<'SessionId'>;

/** Names one message: 16 bytes in base64, 24 characters. */
export type MessageId = Brand<'MessageId'>;

/** Takes `text` for a session id; the caller has checked its length. */
export function asSessionId(text: string): SessionId {
  return text as SessionId;
}

/** Takes `text` for a message id; the caller has checked its length. */
export function asMessageId(text: string): MessageId {
  return text as MessageId;
}
