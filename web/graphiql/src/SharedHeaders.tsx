import { useGraphiQL, useGraphiQLActions } from '@graphiql/react';
import { useEffect } from 'react';

/**
 * GraphiQL has headers for each tab. Here a key is entered once: it goes to every tab whose headers are still
 * the initial ones, and has the schema fetched if that was refused before.
 */
export function SharedHeaders({ initial }: { initial: string }) {
  const editor = useGraphiQL((state) => state.headerEditor);
  const hasSchema = useGraphiQL((state) => Boolean(state.schema));
  const { introspect } = useGraphiQLActions();

  useEffect(() => {
    if (!editor) return;
    let entered = initial;
    const change = editor.onDidChangeModelContent(() => {
      const text = editor.getValue();
      if (text !== initial) entered = text;
      // Later, since Monaco's other listeners must hear of the first change before there is a second.
      else if (entered !== initial) queueMicrotask(() => editor.setValue(entered));
    });
    return () => change.dispose();
  }, [editor, initial]);

  useEffect(() => {
    if (!editor || hasSchema) return;
    const blur = editor.onDidBlurEditorText(() => void introspect());
    return () => blur.dispose();
  }, [editor, hasSchema, introspect]);

  return null;
}
