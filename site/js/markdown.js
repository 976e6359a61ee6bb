// Markdown, drawn for real: the library reads it, and each of its tokens becomes an element here, so that nothing in it is ever markup.

import { lexer } from "../vendor/marked.mjs";
import { html } from "../vendor/preact-htm.js";
import { address, gone, picture, played } from "./given.js";
import { asPng, kept } from "./keep.js";
import { say } from "./words.js";
import { drawnTurns, who } from "./turns.js";

/**
 * @typedef {import("../vendor/marked.mjs").Token} Token
 * @typedef {import("./turns.js").Turn} Turn
 * @typedef {import("./view.js").Draw} Draw
 */

const LONGEST = 200_000; // characters: more is for an editor
const DEEPEST = 8; // quotes within quotes: more is no text

// The few that people write; numbers stand for all others.
const ENTITIES = { amp: "&", lt: "<", gt: ">", quot: "\"", apos: "'", nbsp: "\u00a0", copy: "©", ndash: "–", mdash: "—", hellip: "…", times: "×", deg: "°", euro: "€", larr: "←", rarr: "→" };

/** What a Space says in Markdown, or what was said with it turn by turn. @type {Draw} */
export function draw({ kind, title, level = 4 }, value, files) {
  if (kind === "chat") return chat(title, value, files);
  return html`${markdown(value, level)}${kept({ title, text: () => value, made: ["md", () => value] })}`;
}

/** @param {string} title @param {Turn[]} turns @param {string} files */
function chat(title, turns, files) {
  if (!turns.length) return html`<p class="quiet">${say("drawing.silent")}</p>`;
  let number = 0; // of the files that nobody gave a name
  const named = turns.map(({ files: beside = [], ...turn }) => ({
    ...turn,
    files: beside.map(({ media, caption }) => ({ media, caption: caption || say("drawing.numbered", { title, number: ++number }) })),
  }));
  const words = () => named.map(({ role, content, files: beside }) => `${who(role)}: ${[content, ...beside.map(({ caption }) => `[${caption}]`)].filter(Boolean).join(" ")}`).join("\n\n");
  const drawn = (/** @type {Turn} */ { content, files: beside = [] }) => html`${content && markdown(content, 4)}${beside.map((each) => given(each, files))}`;
  return html`<ol class="turns told">${drawnTurns(named, drawn)}</ol>${kept({ title, text: words, made: ["txt", words] })}`;
}

/** A file that was given in a chat, with its name: shown, played, or there to be had. @param {{media: import("./turns.js").FileDescription | null, caption?: string | null}} file @param {string} files */
function given({ media, caption }, files) {
  const [name, title] = [caption ?? "", (caption ?? "").replace(/\.\w{1,5}$/, "")];
  const source = address(media, files);
  if (!media || !source) return gone(media);
  const sort = media.media.split("/")[0];
  const shown = sort === "audio" || sort === "video" ? played(sort, media, files, name) : picture(media, files, name);
  return html`<figure aria-live="off">${shown}<figcaption dir="auto">${name}</figcaption>
    ${kept({ title, file: media, files, picture: sort === "image" ? () => asPng(source) : undefined })}</figure>`;
}

/** @param {string} text @param {number} level of its first heading, beneath the answer's own */
function markdown(text, level) {
  try {
    if (text.length <= LONGEST) return html`<div class="markdown" dir="auto">${blocks(levelled(lexer(text, { gfm: true }), level), 0)}</div>`;
  } catch {
    // What can not be read as Markdown can be read as it stands.
  }
  return html`<p class="text" dir="auto">${text}</p>`;
}

/** Headings follow each other without a gap, whichever depths were chosen. @param {Token[]} tokens @param {number} level */
function levelled(tokens, level) {
  const depths = [...new Set(tokens.map(({ depth }) => depth ?? 0))].filter(Boolean).sort();
  return tokens.map((token) => (token.depth ? { ...token, depth: depths.indexOf(token.depth) + level } : token));
}

/** @param {Token[] | undefined} tokens @param {number} depth @returns {unknown[]} */
function blocks(tokens = [], depth) {
  return tokens.map((token) => (depth > DEEPEST ? token.raw : block(token, depth + 1)));
}

/** @param {Token} token @param {number} depth */
function block(token, depth) {
  const inside = () => blocks(token.tokens, depth);
  switch (token.type) {
    case "space":
    case "def": return null;
    case "heading": return html`<${`h${Math.min(6, Math.max(3, token.depth ?? 6))}`} dir="auto">${inside()}<//>`;
    case "paragraph": return html`<p dir="auto">${inside()}</p>`;
    case "blockquote": return html`<blockquote>${inside()}</blockquote>`;
    case "code": return html`<pre tabindex="0" dir="ltr"><code>${token.text}</code></pre>`;
    case "hr": return html`<hr />`;
    case "list": return html`<${token.ordered ? "ol" : "ul"} dir="auto" start=${token.ordered ? token.start : undefined}>${token.items?.map((each) =>
      html`<li>${blocks(each.tokens, depth)}</li>`)}<//>`;
    case "checkbox": return token.checked ? "☑ " : "☐ ";
    case "table": return table(token, depth);
    case "strong": return html`<strong>${inside()}</strong>`;
    case "em": return html`<em>${inside()}</em>`;
    case "del": return html`<del>${inside()}</del>`;
    case "codespan": return html`<code>${token.text}</code>`;
    case "br": return html`<br />`;
    case "link": return link(token, inside());
    case "image": return image(token);
    case "html": return /^<br\s*\/?>$/i.test(token.raw) ? html`<br />` : token.raw;
    case "escape": return token.text;
    default: return token.tokens ? inside() : decoded(token.text ?? token.raw);
  }
}

/** @param {Token} token @param {number} depth */
function table({ header = [], rows = [] }, depth) {
  const cells = (/** @type {Token[]} */ row, /** @type {string} */ tag) => row.map((/** @type {any} */ cell) =>
    html`<${tag} scope=${tag === "th" ? "col" : undefined} class=${cell.align === "right" ? "number" : undefined} dir="auto">${blocks(cell.tokens, depth)}<//>`);
  return html`<div class="scrolls" tabindex="0" role="region" aria-label=${header.map(({ text }) => text).join(", ") || say("drawing.table")}><table>
    <thead><tr>${cells(header, "th")}</tr></thead><tbody>${rows.map((row) => html`<tr>${cells(row, "td")}</tr>`)}</tbody></table></div>`;
}

/** Somebody else's page opens beside this one and hears nothing of it; any other address is none. @param {Token} token @param {unknown} inside */
function link({ href = "" }, inside) {
  if (!/^(https?:\/\/|mailto:)/i.test(href)) return inside;
  return html`<a href=${href} target="_blank" rel="noopener noreferrer nofollow">${inside}</a>`;
}

/** Only what came with the text is shown: a picture from elsewhere would tell others who reads here. @param {Token} token */
function image({ href = "", text = "" }) {
  if (/^data:image\/(png|jpeg|gif|webp);base64,/i.test(href)) return html`<img src=${href} alt=${decoded(text)} />`;
  return html`<span class="quiet">[${decoded(text) || say("drawing.elsewhere")}]</span>`;
}

/** @param {string} text */
function decoded(text) {
  return text.replace(/&(?:#(\d{1,7})|#x([\da-f]{1,6})|(\w+));/gi, (whole, plain, hex, name) => {
    if (name) return Object.hasOwn(ENTITIES, name) ? ENTITIES[/** @type {keyof typeof ENTITIES} */ (name)] : whole;
    const code = plain ? Number(plain) : Number.parseInt(hex, 16);
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}
