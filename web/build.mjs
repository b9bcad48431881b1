// Builds the report page into one file: node build.mjs [OUT]. Script and style stand in it, each
// allowed by its hash and nothing else, so that no request can leave the page.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const here = dirname(fileURLToPath(import.meta.url));
const out = resolve(process.argv[2] ?? join(here, 'dist/report.html'));

const built = await build({
  root: here,
  configFile: false,
  logLevel: 'warn',
  build: {
    write: false,
    target: 'es2022',
    cssCodeSplit: false,
    rollupOptions: { input: join(here, 'src/main.tsx'), output: { format: 'iife' } },
  },
});
const files = (Array.isArray(built) ? built : [built]).flatMap((part) => part.output);
const text_of = (wanted) => {
  const found = files.filter((file) => file.fileName.endsWith(wanted));
  if (found.length !== 1) throw new Error(`${found.length} files end in ${wanted}`);
  return found[0].type === 'chunk' ? found[0].code : String(found[0].source);
};

const hash = (text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
// An end tag inside would end the element.
const script = text_of('.js').replaceAll('</script', '<\\/script').trim();
const style = text_of('.css').trim();
if (style.includes('</style')) throw new Error('an end tag stands in the style');
const policy = [
  "default-src 'none'",
  `script-src ${hash(script)}`,
  `style-src ${hash(style)}`,
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

const page = readFileSync(join(here, 'page.html'), 'utf8')
  .replace('%POLICY%', () => policy)
  .replace('%STYLE%', () => style)
  .replace('%SCRIPT%', () => script);
mkdirSync(dirname(out), { recursive: true });
writeFileSync(out, page);
