/** Markup as a tagged template. What stands in `${}` is text, whatever is in it. */
export { html } from 'htm/preact';
