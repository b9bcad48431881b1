// node validate.mjs SCHEMA FILE...: holds JSON files, or with --lines files of one JSON value a line,
// against a JSON Schema of draft-04, draft-07 or 2020-12. Exit 1 where one does not fit, with why.
import Ajv from 'ajv';
import Ajv2020 from 'ajv/dist/2020.js';
import Ajv4 from 'ajv-draft-04';
import add_formats from 'ajv-formats';
import { readFileSync } from 'node:fs';

const [schema_file, ...rest] = process.argv.slice(2);
const lines = rest.includes('--lines');
const files = rest.filter((name) => name !== '--lines');
const schema = JSON.parse(readFileSync(schema_file, 'utf8'));
const draft = String(schema.$schema);
const Kind = draft.includes('draft-04') ? Ajv4 : draft.includes('2020-12') ? Ajv2020 : Ajv;
const ajv = new Kind({ strict: false, unicodeRegExp: true, allErrors: false });
add_formats(ajv);
const fits = ajv.compile(schema);

let faults = 0;
for (const file of files) {
  const text = readFileSync(file, 'utf8');
  const values = lines ? text.split('\n').filter((line) => line !== '') : [text];
  values.forEach((value, number) => {
    if (fits(JSON.parse(value))) return;
    faults += 1;
    console.error(`${file}${lines ? `:${number + 1}` : ''}: ${ajv.errorsText(fits.errors)}`);
  });
  console.log(`${file}: ${values.length} held against ${schema.title ?? schema_file}`);
}
process.exit(faults === 0 && files.length > 0 ? 0 : 1);
