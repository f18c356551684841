// A prettier plugin for JSON with comments, in place of prettier's own (see slim.mjs).
import { applyEdits, format } from 'jsonc-parser';

const FORMAT = 'jsonc-text';

export const parsers = {
  jsonc: {
    astFormat: FORMAT,
    parse: (text) => applyEdits(text, format(text, undefined, { tabSize: 2, insertSpaces: true })),
    locStart: () => 0,
    locEnd: (text) => text.length,
  },
};

export const printers = {
  [FORMAT]: { print: (path) => path.node },
};
