import { writeFileSync } from 'node:fs';
import { httpPage } from './http-page.ts';

/* `npm run docs:http` */
writeFileSync(new URL('../../docs/http.md', import.meta.url), httpPage());
