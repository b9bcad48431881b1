/** RFC 6962 trees and C2SP signed notes, checked with Web Crypto alone. */
export type Bytes = Uint8Array<ArrayBuffer>;

export const bytes_of = (text: string): Bytes => new TextEncoder().encode(text) as Bytes;
export const from_base64 = (text: string): Bytes => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
export const hex = (bytes: Bytes) => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
export const same = (a: Bytes, b: Bytes) => a.length === b.length && a.every((byte, place) => byte === b[place]);

export function joined(...parts: Bytes[]): Bytes {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

const sha256 = async (bytes: Bytes): Promise<Bytes> => new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
export const leaf_hash = (body: Bytes) => sha256(joined(new Uint8Array([0]), body));
const node_hash = (left: Bytes, right: Bytes) => sha256(joined(new Uint8Array([1]), left, right));

/** RFC 9162, 2.1.3.2: the root that a leaf and its proof lead to; null where the proof does not fit. */
export async function root_of(index: number, size: number, leaf: Bytes, proof: Bytes[]): Promise<Bytes | null> {
  if (index >= size || leaf.length !== 32) return null;
  let [first, last, hash] = [index, size - 1, leaf];
  for (const other of proof) {
    if (last === 0 || other.length !== 32) return null;
    if (first % 2 === 1 || first === last) {
      hash = await node_hash(other, hash);
      while (first % 2 === 0 && first !== 0) [first, last] = [first / 2, Math.floor(last / 2)];
    } else {
      hash = await node_hash(hash, other);
    }
    [first, last] = [Math.floor(first / 2), Math.floor(last / 2)];
  }
  return last === 0 ? hash : null;
}

export interface Checkpoint { origin: string; size: number; root: Bytes; text: string; signatures: { name: string; blob: Bytes }[] }

export function parse_checkpoint(note: string): Checkpoint | null {
  const split = note.indexOf('\n\n');
  if (split < 0) return null;
  const text = note.slice(0, split + 1);
  const [origin, size, root] = text.split('\n');
  if (!origin || !size || !root || !/^(0|[1-9][0-9]*)$/.test(size)) return null;
  const signatures = note.slice(split + 2).split('\n').filter((line) => line.startsWith('\u2014 ')).map((line) => {
    const [, name = '', blob = ''] = line.split(' ');
    return { name, blob: from_base64(blob) };
  });
  return { origin, size: Number(size), root: from_base64(root), text, signatures };
}

export interface Key { name: string; id: string; public_key: Bytes }

/** "<name>+<8 hex digits>+<base64(0x01, 32 bytes)>", with the id that name and key give. */
export async function parse_key(text: string): Promise<Key | null> {
  const found = /^([^+\s]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(text.trim());
  if (!found) return null;
  const blob = from_base64(found[3]!);
  if (blob.length !== 33 || blob[0] !== 1) return null;
  const id = hex(await sha256(joined(bytes_of(`${found[1]}\n`), blob)) as Bytes).slice(0, 8);
  return id === found[2] ? { name: found[1]!, id, public_key: blob.slice(1) } : null;
}

export type Signed = 'yes' | 'no' | 'other-key' | 'cannot';

/** Whether the key signed the checkpoint; `cannot` where the browser has no Ed25519. */
export async function signed_by(checkpoint: Checkpoint, key: Key): Promise<Signed> {
  const mine = checkpoint.signatures.find((signature) => signature.name === key.name && hex(signature.blob.slice(0, 4)) === key.id);
  if (!mine) return 'other-key';
  try {
    const imported = await crypto.subtle.importKey('raw', key.public_key, 'Ed25519', false, ['verify']);
    return (await crypto.subtle.verify('Ed25519', imported, mine.blob.slice(4), bytes_of(checkpoint.text))) ? 'yes' : 'no';
  } catch {
    return 'cannot';
  }
}
