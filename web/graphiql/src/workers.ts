// Monaco does its language work (validation, completion, JSON) in workers and asks this hook for them.
// The module must be imported before anything that imports Monaco.

const urls: Record<string, string> = {
  json: __JSON_WORKER__,
  graphql: __GRAPHQL_WORKER__,
};

/** Lets the workers that Monaco has asked for begin, and those to come. */
export let startWorkers = () => {};
const started = new Promise<void>((resolve) => (startWorkers = resolve));

Object.assign(globalThis, {
  MonacoEnvironment: {
    async getWorker(_id: string, label: string): Promise<Worker> {
      await started;
      return new Worker(urls[label] ?? __EDITOR_WORKER__, { name: label });
    },
  },
});
