// Monaco does its language work (validation, completion, JSON) in workers and asks this hook for them.
// The module must be imported before anything that imports Monaco.

const urls: Record<string, string> = {
  json: __JSON_WORKER__,
  graphql: __GRAPHQL_WORKER__,
};

Object.assign(globalThis, {
  MonacoEnvironment: {
    getWorker(_id: string, label: string): Worker {
      return new Worker(urls[label] ?? __EDITOR_WORKER__, { name: label });
    },
  },
});

export {};
