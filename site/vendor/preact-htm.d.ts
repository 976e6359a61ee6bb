/** The two names this site uses of Preact with htm. */
export type Drawing = object;
export function html(strings: TemplateStringsArray, ...values: unknown[]): Drawing;
export function render(drawing: Drawing | null, into: Element): void;
