/**
 * The bytes of a stream, at most `bytesMax`.
 * @throws Error with the text `tooLong`; that ends the stream, too.
 */
export async function gathered(
  stream: AsyncIterable<Uint8Array>,
  bytesMax: number,
  tooLong: string,
): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    bytes += chunk.length;
    if (bytes > bytesMax) throw new Error(tooLong);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
