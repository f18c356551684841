// Addresses of the bundled workers. scripts/build.mjs fills them in, because they carry a content hash.
declare const __EDITOR_WORKER__: string;
declare const __JSON_WORKER__: string;
declare const __GRAPHQL_WORKER__: string;

declare module '*.css';
// See lazyDocs in scripts/slim.mjs.
declare module 'graphiql-markdown' {
  export const markdown: { render(text: string): string };
}
declare module 'monaco-editor/esm/vs/editor/browser/controller/mouseTarget.js' {
  export const MouseTargetFactory: unknown;
}
declare module 'monaco-editor/esm/vs/editor/standalone/browser/standaloneServices.js' {
  export const StandaloneServices: { get<T>(service: (...args: never[]) => T): T };
}
declare module 'monaco-editor/esm/vs/platform/storage/common/storage.js' {
  export const IStorageService: () => {
    store(key: string, value: boolean, scope: number, target: number): void;
  };
}
