/**
 * Memory that several threads see, by the name under which other rooms pass it on. Only this room makes or
 * reads it.
 */
export type SharedMemory = SharedArrayBuffer;
