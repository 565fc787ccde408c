import { TransportError, type Client, type UserAddress } from '../index.js';

/** How long to wait for the relay at the start of a command that also works without, ms. */
const connectionPatience = 3_000;

/** How long the relay may take to hand out the keys of a user, ms. */
const invitePatience = 30_000;

/** Whether the relay can be reached: waits for the first attempt to connect, or a moment. */
export async function isConnected(client: Client): Promise<boolean> {
  let forget: () => void = () => undefined;
  let timer: NodeJS.Timeout | undefined;
  const attempt = new Promise<boolean>((resolve) => {
    forget = client.on('connection', ({ state }) => resolve(state === 'connected'));
    timer = setTimeout(() => resolve(false), connectionPatience);
  });
  try {
    const { connection } = await client.status();
    return connection === 'connected' || (await attempt);
  } finally {
    forget();
    clearTimeout(timer);
  }
}

/**
 * Invites a user of whom no device is known, before anything is stored for him: a message to an address that does not exist would wait for
 * ever. Without a relay nothing is done. Rejects as `Client.invite` does when the relay knows no such user or hands out bad keys.
 */
export async function getToKnow(client: Client, user: UserAddress): Promise<void> {
  if ((await client.devices(user)).length > 0 || !(await isConnected(client))) return;
  const signal = AbortSignal.timeout(invitePatience);
  try {
    await client.invite(user, { signal });
  } catch (error) {
    // The relay went away meanwhile: the message is stored, and the client invites when it is back.
    if (!signal.aborted && !(error instanceof TransportError)) throw error;
  }
}
