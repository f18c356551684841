// The editor completes names with their descriptions beside them. Monaco keeps those closed until Ctrl-Space is
// pressed a second time; it has no option for this, only what it remembers of the user's choice.
import { StandaloneServices } from 'monaco-editor/esm/vs/editor/standalone/browser/standaloneServices.js';
import { IStorageService } from 'monaco-editor/esm/vs/platform/storage/common/storage.js';

const PROFILE = 0;
const USER = 0;

StandaloneServices.get(IStorageService).store('expandSuggestionDocs', true, PROFILE, USER);
