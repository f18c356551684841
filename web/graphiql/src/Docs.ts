import { DocExplorer } from '@graphiql/plugin-doc-explorer';
import { markdown as renderer } from 'graphiql-markdown';
import { markdown } from './markdown';

markdown.render = (text) => renderer.render(text);

export default DocExplorer;
