/** Printable letters alone: text of a caller shall move no cursor and colour no screen. */
export const plain = (text: string) => text.replaceAll(/[^\P{C}]/gu, '?');
