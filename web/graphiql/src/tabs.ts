import { pick, useGraphiQL, useGraphiQLActions } from '@graphiql/react';
import { cartCreate } from './examples/cart.mjs';
import { welcome } from './examples/catalogue.mjs';
import type { Example } from './examples/index.mjs';
import { watchOrders } from './examples/webhooks.mjs';

/** What a tab holds, as its editors show it. Headers are no part of it: they hold keys. */
export interface Operation {
  query: string;
  /** JSON, or empty. */
  variables: string;
}

export function operationOf({ query, variables }: Example): Operation {
  return { query, variables: variables ? JSON.stringify(variables, null, 2) : '' };
}

/**
 * The tabs of a first visit. GraphiQL does not show variables on the tab it opens with, so the first has none.
 *
 * @param headers text of the headers editor, the same on every tab
 */
export function defaultTabs(headers: string) {
  return [welcome, cartCreate, watchOrders].map((example) => ({ ...operationOf(example), headers }));
}

/** Opens an operation in a tab of its own, or turns to the tab that holds just this already. Runs nothing. */
export function useOpenTab(): (operation: Operation) => void {
  const { addTab, changeTab, stop, updateActiveTabValues } = useGraphiQLActions();
  const { queryEditor, variableEditor, tabs } = useGraphiQL(pick('queryEditor', 'variableEditor', 'tabs'));

  return ({ query, variables }) => {
    const index = tabs.findIndex((tab) => tab.query === query && (tab.variables ?? '') === variables);
    if (index >= 0) return changeTab(index);
    // As GraphiQL does when it changes tabs: what a running subscription says belongs to the tab that began it.
    stop();
    addTab();
    queryEditor?.setValue(query);
    variableEditor?.setValue(variables);
    // The editors report a moment later; until then the tab would be an untitled one.
    updateActiveTabValues({ query, variables, operationName: null });
  };
}
