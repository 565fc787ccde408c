/** A store that breaks its promise: it calls a commit durable and carries it out only when the next call comes. */
export function holdBack(inner) {
  let held;
  const settle = async () => {
    const writes = held;
    held = undefined;
    if (writes !== undefined) await inner.commit(writes);
  };
  return {
    async get(table, key) {
      await settle();
      return inner.get(table, key);
    },
    async list(table, range) {
      await settle();
      return inner.list(table, range);
    },
    async commit(writes) {
      await settle();
      held = writes.map(({ table, key, value }) => ({ table, key: key.slice(), value: value?.slice() }));
    },
    async close() {
      await settle();
      await inner.close();
    },
  };
}
