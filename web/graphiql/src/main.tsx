import './workers';
import { createRoot } from 'react-dom/client';
import { App } from './App';
import { config } from './settings';

document.title = config.title;
createRoot(document.getElementById('root')!).render(<App />);
