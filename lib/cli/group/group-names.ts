import { formatGroupAddress, type Client, type GroupAddress } from '../../index.js';

/** Names of groups for people, asked for once: messages carry the id only. */
export class GroupNames {
  readonly #client: Client;
  readonly #names = new Map<string, string>();

  constructor(client: Client) {
    this.#client = client;
  }

  /** The name of the group; its id when this device is not in it any more. Rejects with `StoreError`. */
  async nameOf(group: GroupAddress): Promise<string> {
    const id = formatGroupAddress(group);
    if (!this.#names.has(id)) {
      for (const { address, name } of await this.#client.groups()) this.#names.set(formatGroupAddress(address), name);
    }
    return this.#names.get(id) ?? id;
  }
}
