import './workers';
// Before GraphiQL's styles: Monaco's own come first so that GraphiQL can override them.
import 'monaco-graphql/esm/monaco-editor.js';
import './completion';
import './styles.css';

import { createRoot } from 'react-dom/client';
import { App } from './App';
import { readConfig } from './config';

const config = readConfig();
document.title = config.title;
createRoot(document.getElementById('root')!).render(<App config={config} />);
