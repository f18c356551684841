/** What GraphiQL shows Markdown by: only the documentation does, and brings the renderer (src/Docs.ts). */
export const markdown = { render: (text: string) => text };
