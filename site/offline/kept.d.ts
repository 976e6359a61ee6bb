/** What this site is, and what each of its pages needs: build_assets.py writes it before sw.js. */
declare const KEPT: { version: string; base: string; shell: string[] };
