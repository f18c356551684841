import { type GraphiQLPlugin, Spinner } from '@graphiql/react';
import { HISTORY_PLUGIN } from '@graphiql/plugin-history';
import { lazy, Suspense, type SVGProps } from 'react';
import { Examples } from './Examples';

/** Comes in a file of its own when it is first opened. The file of a page from before an upgrade is gone. */
const Explorer = lazy(() => import('./Explorer').catch(() => ({ default: Missing })));

/** In the order of the sidebar. One array for the life of the page: GraphiQL closes the panel when it changes. */
export const plugins: GraphiQLPlugin[] = [
  {
    title: 'Explorer',
    icon: () => <Icon d="M4 6h2m4 0h10M8 12h2m4 0h6M8 18h2m4 0h6M5 6v12h3M5 12h3" />,
    content: () => (
      <Suspense fallback={<Spinner />}>
        <Explorer />
      </Suspense>
    ),
  },
  {
    title: 'Examples',
    icon: () => <Icon d="M7 3h10v18l-5-4-5 4zM10 8h4" />,
    content: Examples,
  },
  HISTORY_PLUGIN,
];

function Missing() {
  return <p>The explorer did not load. Reload the page.</p>;
}

function Icon({ d, ...props }: SVGProps<SVGPathElement>) {
  return (
    <svg viewBox="0 0 24 24" height="1em" fill="none" stroke="currentColor" aria-hidden="true">
      <path strokeWidth="1.5" strokeLinecap="round" strokeLinejoin="round" d={d} {...props} />
    </svg>
  );
}
