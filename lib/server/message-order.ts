/** What the messages of one device that are being taken have in common. */
interface Order {
  /** The store's generation when the first of them came. */
  readonly generation: number;
  underWay: number;
}

/**
 * Keeps the messages of a device in order when the store fails: what came behind a message that was not stored must not be stored before it.
 *
 * A message belongs to the store's generation of its arrival, so that a failure refuses it together with all that came before the failure. What comes
 * later, while one of those is still on its way to its refusal, belongs to the same generation and is refused with them.
 */
export class MessageOrder {
  readonly #store: { readonly generation: number };
  readonly #orders = new Map<string, Order>();

  constructor(store: { readonly generation: number }) {
    this.#store = store;
  }

  /** Does `take` for a message of `device` in the generation to commit it in. Throws what `take` throws. */
  keep(device: string, take: (generation: number) => Promise<void>): Promise<void> {
    let order = this.#orders.get(device);
    if (order === undefined) {
      order = { generation: this.#store.generation, underWay: 0 };
      this.#orders.set(device, order);
    }
    order.underWay += 1;
    const current = order;
    const leave = (): void => {
      current.underWay -= 1;
      if (current.underWay === 0) this.#orders.delete(device);
    };
    const taken = take(order.generation);
    taken.then(leave, leave);
    return taken;
  }
}
