/** The one name this site uses of marked: it reads Markdown, and draws nothing. */
export interface Token {
  type: string;
  raw: string;
  text?: string;
  tokens?: Token[];
  depth?: number;
  href?: string;
  lang?: string;
  ordered?: boolean;
  start?: number | "";
  task?: boolean;
  checked?: boolean;
  items?: Token[];
  header?: Token[];
  rows?: Token[][];
  align?: (string | null)[];
}
export function lexer(text: string, options?: { gfm?: boolean }): Token[];
