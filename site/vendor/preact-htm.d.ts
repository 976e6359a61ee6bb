/** The names this site uses of Preact with htm. */
export type Drawing = object;
export function html(strings: TemplateStringsArray, ...values: unknown[]): Drawing;
export function render(drawing: Drawing | null, into: Element): void;
export function useState<T>(first: T): [T, (next: T | ((before: T) => T)) => void];
export function useEffect(effect: () => void | (() => void), inputs?: unknown[]): void;
export function useRef<T>(first: T): { current: T };
