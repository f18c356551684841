import { explorerPlugin } from '@graphiql/plugin-explorer';

const { content: Explorer } = explorerPlugin({ title: 'Explorer', showAttribution: false });

export default Explorer;
