import { pick, ToolbarButton, useGraphiQL } from '@graphiql/react';
import { useEffect, useEffectEvent } from 'react';
import { notify } from './notice';
import { LONGEST_LINK, linkTo, operationIn } from './link';
import { useOpenTab } from './tabs';

const count = new Intl.NumberFormat('en');

/** Puts a link to the operation into the address bar and the clipboard. */
export function CopyLink() {
  const { queryEditor, variableEditor } = useGraphiQL(pick('queryEditor', 'variableEditor'));

  async function copy() {
    const query = queryEditor?.getValue() ?? '';
    if (query.trim() === '') return notify('There is nothing to share: the editor is empty.');
    const link = linkTo(window.location.href, { query, variables: variableEditor?.getValue() ?? '' });
    if (link.length > LONGEST_LINK) {
      return notify(
        `Not copied: the link would have ${count.format(link.length)} characters, and ` +
          `${count.format(LONGEST_LINK)} are the most that is passed on whole. Shorten the operation or its variables.`,
      );
    }
    window.history.replaceState(null, '', link);
    try {
      // There is no clipboard on a page that came over plain HTTP from another machine.
      await navigator.clipboard.writeText(link);
      notify('Link copied: it holds the operation and its variables, and no headers.');
    } catch {
      notify('The link stands in the address bar: copy it from there. It holds no headers.');
    }
  }

  return (
    <ToolbarButton label="Copy link to this operation" onClick={() => void copy()}>
      <LinkIcon />
    </ToolbarButton>
  );
}

/** Opens the operation of the link that led here. It is not run: that is for whoever reads it to decide. */
export function OpenLink() {
  const isReady = useGraphiQL((state) => Boolean(state.queryEditor && state.variableEditor && state.headerEditor));
  const openTab = useOpenTab();

  const open = useEffectEvent(() => {
    const operation = operationIn(window.location.hash);
    if (!operation) return;
    // Tabs outlive a reload; the link should not open its own again.
    window.history.replaceState(null, '', window.location.pathname + window.location.search);
    openTab(operation);
    notify('Opened from a link. Read it before you run it: it runs with the key under Headers.');
  });

  useEffect(() => {
    if (!isReady) return;
    const listener = () => open();
    listener();
    // A link that is pasted into the address bar of the open page does not load it again.
    window.addEventListener('hashchange', listener);
    return () => window.removeEventListener('hashchange', listener);
  }, [isReady]);

  return null;
}

function LinkIcon() {
  return (
    <svg className="graphiql-toolbar-icon" aria-hidden="true" viewBox="0 0 24 24" fill="none" stroke="currentColor">
      <path
        strokeWidth="1.5"
        strokeLinecap="round"
        d="M10 14a4 4 0 0 0 5.66 0l3.5-3.5a4 4 0 0 0-5.66-5.66L12 6.34M14 10a4 4 0 0 0-5.66 0l-3.5 3.5a4 4 0 0 0 5.66 5.66L12 17.66"
      />
    </svg>
  );
}
