// node proof_test.mjs SCHEMAS: holds the page's own verifier (web/src/proof.ts) against the published
// vectors of inclusion proofs, and against the signed checkpoints of a small log.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const web = join(dirname(fileURLToPath(import.meta.url)), '../../web');
const { buildSync } = createRequire(join(web, 'package.json'))('esbuild');
const folder = mkdtempSync(join(tmpdir(), 'reachproof-proof-'));
const out = join(folder, 'proof.mjs');
buildSync({ entryPoints: [join(web, 'src/proof.ts')], outfile: out, format: 'esm', logLevel: 'error' });
if (!globalThis.crypto) globalThis.crypto = (await import('node:crypto')).webcrypto;
const proof = await import(pathToFileURL(out).href);

let faults = 0;
const expect = (sound, words) => { if (!sound) { faults += 1; console.error(words); } };
const bytes = (text) => proof.from_base64(text ?? '');
const vectors = join(process.argv[2], 'vectors');

let held = 0;
for (const name of readdirSync(join(vectors, 'merkle/inclusion'), { recursive: true, encoding: 'utf8' })) {
  if (!name.endsWith('.json')) continue;
  const vector = JSON.parse(readFileSync(join(vectors, 'merkle/inclusion', name), 'utf8'));
  const root = await proof.root_of(vector.leafIdx, vector.treeSize, bytes(vector.leafHash), (vector.proof ?? []).map(bytes));
  const fits = root !== null && proof.same(root, bytes(vector.root));
  expect(fits === !vector.wantErr, `${name}: ${fits ? 'accepted' : 'refused'}, and it must not be (${vector.desc ?? ''})`);
  held += 1;
}
expect(held >= 90, `only ${held} vectors of inclusion were found`);

// A whole small log: each of its checkpoints is signed, and its first leaf is in all of them.
const log = JSON.parse(readFileSync(join(vectors, 'tessera/vectors.json'), 'utf8'));
const key = await proof.parse_key(log.vkey);
expect(key !== null, 'the published verifier key is refused');
expect(await proof.parse_key(log.vkey.replace('+33d7', '+33d8')) === null, 'a key with the id of another is taken');
for (let size = 1; size <= 15; size += 1) {
  const note = readFileSync(join(vectors, `tessera/log/checkpoint.${size}`), 'utf8');
  const checkpoint = proof.parse_checkpoint(note);
  expect(checkpoint?.size === size && checkpoint.origin === log.origin, `checkpoint.${size} is misread`);
  expect(await proof.signed_by(checkpoint, key) === 'yes', `checkpoint.${size}: its signature is refused`);
  const forged = proof.parse_checkpoint(note.replace(`\n${size}\n`, `\n${size + 1}\n`));
  expect(await proof.signed_by(forged, key) === 'no', `checkpoint.${size}: another size is taken for signed`);
  expect(await proof.signed_by(checkpoint, { ...key, name: 'else' }) === 'other-key', 'a key of another name counts');
}
const only = proof.parse_checkpoint(readFileSync(join(vectors, 'tessera/log/checkpoint.1'), 'utf8'));
const leaf = await proof.leaf_hash(proof.bytes_of(log.leaves[0]));
expect(proof.same(await proof.root_of(0, 1, leaf, []), only.root), 'a tree of one leaf has not its hash as root');
rmSync(folder, { recursive: true });
console.log(`${held} vectors of inclusion proofs, 15 checkpoints`);
process.exit(faults === 0 ? 0 : 1);
