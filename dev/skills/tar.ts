export interface TarFile {
  /** ASCII, at most 99 characters. */
  readonly path: string
  readonly bytes: Buffer
}

const block = 512

/** Packs files as `tar` does (POSIX ustar). Owner, time and mode are the same for all, so that equal files give equal bytes. */
export function tarOf(files: readonly TarFile[]): Buffer {
  return Buffer.concat([...files.flatMap((file) => [headerOf(file), padded(file.bytes)]), Buffer.alloc(2 * block)])
}

const padded = (bytes: Buffer) => Buffer.concat([bytes, Buffer.alloc((block - (bytes.length % block)) % block)])

/** Each number is octal, with a zero byte at its end. */
const octal = (value: number, width: number) => `${value.toString(8).padStart(width - 1, '0')}\0`

function headerOf({ path, bytes }: TarFile): Buffer {
  const header = Buffer.alloc(block)
  header.write(path, 0, 100, 'ascii')
  header.write(octal(0o644, 8) + octal(0, 8) + octal(0, 8) + octal(bytes.length, 12) + octal(0, 12), 100, 'ascii')
  // The sum counts its own field as spaces.
  header.write('        0', 148, 'ascii')
  header.write('ustar\u000000', 257, 'ascii')
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${octal(sum, 7)} `, 148, 'ascii')
  return header
}
