import { GraphiQL } from 'graphiql';
import { useState } from 'react';
import { createFetcher } from './fetcher';
import { plugins } from './plugins';
import { Ready } from './Ready';
import { CopyLink, OpenLink } from './Share';
import { config, initialHeaders, introspection } from './settings';
import { SharedHeaders } from './SharedHeaders';
import { Status } from './Status';
import { createStorage, remembersHeaders } from './storage';
import { defaultTabs } from './tabs';

export function App() {
  // Made once: GraphiQL reads most of this at the start only.
  const [props] = useState(graphiqlProps);

  return (
    <GraphiQL
      {...props}
      plugins={plugins}
      {...introspection}
      defaultEditorToolsVisibility="variables"
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
        <Ready />
        <OpenLink />
        <SharedHeaders initial={initialHeaders} />
        <Status />
      </GraphiQL.Footer>
    </GraphiQL>
  );
}

function graphiqlProps() {
  return {
    initialHeaders,
    fetcher: createFetcher(config),
    storage: createStorage(initialHeaders),
    defaultTabs: defaultTabs(initialHeaders),
    defaultHeaders: initialHeaders,
    // GraphiQL forgets the user's choice on reload unless it is passed in again.
    shouldPersistHeaders: remembersHeaders(),
    showPersistHeadersSettings: true,
  };
}
