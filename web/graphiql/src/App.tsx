import { GraphiQL } from 'graphiql';
import { useState } from 'react';
import type { Config } from './config';
import { createFetcher } from './fetcher';
import { parseHeadersText } from './headers';
import { plugins } from './plugins';
import { CopyLink, OpenLink } from './Share';
import { SharedHeaders } from './SharedHeaders';
import { Status } from './Status';
import { createStorage, rememberedHeaders, remembersHeaders } from './storage';
import { defaultTabs } from './tabs';

/** Shown when the server gives no headers: says where the key goes and sends nothing. */
const HEADERS_HINT = `{
  // "x-api-key": "esk_…"
}`;

export function App({ config }: { config: Config }) {
  // Made once: GraphiQL reads most of this at the start only.
  const [{ initialHeaders, ...props }] = useState(() => graphiqlProps(config));

  return (
    <GraphiQL
      {...props}
      plugins={plugins}
      defaultEditorToolsVisibility="variables"
      inputValueDeprecation
      schemaDescription
    >
      <GraphiQL.Logo>
        <span className="emporia-logo">{config.title}</span>
      </GraphiQL.Logo>
      <GraphiQL.Toolbar>
        {({ prettify, merge, copy }) => (
          <>
            {prettify}
            {merge}
            {copy}
            <CopyLink />
          </>
        )}
      </GraphiQL.Toolbar>
      <GraphiQL.Footer>
        <OpenLink />
        <SharedHeaders initial={initialHeaders} />
        <Status />
      </GraphiQL.Footer>
    </GraphiQL>
  );
}

function graphiqlProps(config: Config) {
  const initialHeaders = config.headers ? JSON.stringify(config.headers, null, 2) : HEADERS_HINT;
  return {
    initialHeaders,
    fetcher: createFetcher(config, parseHeadersText(rememberedHeaders() ?? initialHeaders)),
    storage: createStorage(initialHeaders),
    defaultTabs: defaultTabs(initialHeaders),
    defaultHeaders: initialHeaders,
    // GraphiQL forgets the user's choice on reload unless it is passed in again.
    shouldPersistHeaders: remembersHeaders(),
    showPersistHeadersSettings: true,
  };
}
