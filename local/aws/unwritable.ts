/**
 * Told of a file that could not be written, as where its disk is full. Who writes it goes on without, and tries again with
 * what comes next.
 * @param file its path
 */
export type Unwritable = (file: string, error: NodeJS.ErrnoException) => void;
