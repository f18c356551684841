import { useGraphiQL } from '@graphiql/react';
import { useEffect } from 'react';
import { startWorkers } from './workers';

/**
 * Marks in the browser's performance timeline when there was an editor to type in, and when it knew the schema too;
 * test/smoke.mjs prints both. Monaco's workers wait until there is nothing else to do: they would take the processor
 * from the editor.
 */
export function Ready() {
  const hasEditor = useGraphiQL((state) => Boolean(state.queryEditor));
  const hasSchema = useGraphiQL((state) => Boolean(state.schema));

  useEffect(() => {
    if (!hasEditor) return;
    afterPaint(() => {
      performance.mark('emporia:editor');
      if ('requestIdleCallback' in window) requestIdleCallback(startWorkers, { timeout: 1_000 });
      else startWorkers();
    });
  }, [hasEditor]);

  useEffect(() => {
    if (hasEditor && hasSchema) afterPaint(() => performance.mark('emporia:schema'));
  }, [hasEditor, hasSchema]);

  return null;
}

/** A hidden page paints nothing, so this waits for half a second at the most. */
function afterPaint(then: () => void): void {
  const painted = new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
  const late = new Promise((resolve) => setTimeout(resolve, 500));
  void Promise.race([painted, late]).then(then);
}
