// `npm start`, `npm run tapestry`, `npm test`, `npm run bench` and `npm run setup` all come through here.

import { fileURLToPath } from 'node:url';
import { open, orTell } from './front-door.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const [word = '', ...args] = process.argv.slice(2);
await orTell(() => open(root, root, word, args));
