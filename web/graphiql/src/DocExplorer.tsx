import { Spinner } from '@graphiql/react';
import { type ComponentType, lazy, Suspense } from 'react';

/** Comes in a file of its own when it is first opened; scripts/slim.mjs puts this in GraphiQL's place for it. */
const Docs = lazy<ComponentType>(() => import('./Docs').catch(() => ({ default: Missing })));

export function DocExplorer() {
  return (
    <Suspense fallback={<Spinner />}>
      <Docs />
    </Suspense>
  );
}

function Missing() {
  return <p>The documentation did not load. Reload the page.</p>;
}
