// The SQL editor: CodeMirror in a shadow root, because only there it does without inline style elements (see vendor/codemirror/README.md).
import {
  EditorView, keymap, placeholder, lineNumbers, highlightActiveLine, drawSelection, EditorState, Prec, history, historyKeymap, defaultKeymap, indentWithTab,
  HighlightStyle, syntaxHighlighting, bracketMatching, autocompletion, completionKeymap, closeBrackets, closeBracketsKeymap, searchKeymap,
  highlightSelectionMatches, setDiagnostics, sql, PostgreSQL, tags,
} from "./vendor/codemirror/codemirror-6.0.2.js";

const look = EditorView.theme({
  "&": { height: "100%", fontSize: "13px", backgroundColor: "var(--bg)", color: "var(--text)" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.6", fontVariantLigatures: "none", overflow: "auto" },
  ".cm-content": { padding: "10px 0", caretColor: "var(--text)" },
  ".cm-gutters": { backgroundColor: "var(--bg)", color: "var(--faint)", border: "none", paddingLeft: "6px" },
  ".cm-activeLine": { backgroundColor: "color-mix(in srgb, var(--hover) 55%, transparent)" },
  ".cm-cursor": { borderLeftColor: "var(--text)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": { backgroundColor: "var(--accent-soft)" },
  ".cm-selectionMatch": { backgroundColor: "var(--accent-soft)" },
  ".cm-placeholder": { color: "var(--muted)" },
  ".cm-tooltip": { backgroundColor: "var(--raised)", border: "1px solid var(--line)", borderRadius: "6px", boxShadow: "var(--shadow)", overflow: "hidden" },
  ".cm-tooltip-autocomplete > ul": { fontFamily: "var(--mono)", fontSize: "12.5px" },
  ".cm-tooltip-autocomplete > ul > li": { padding: "3px 10px" },
  ".cm-tooltip-autocomplete > ul > li[aria-selected]": { backgroundColor: "var(--accent)", color: "var(--accent-text)" },
  ".cm-panels": { backgroundColor: "var(--panel)", color: "var(--text)" },
  ".cm-diagnostic": { padding: "6px 10px", borderLeftColor: "var(--danger)" },
});

const colours = HighlightStyle.define([
  { tag: tags.keyword, color: "var(--sql-keyword)", fontWeight: "540" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--sql-string)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--sql-number)" },
  { tag: [tags.lineComment, tags.blockComment], color: "var(--sql-comment)", fontStyle: "italic" },
  { tag: [tags.typeName, tags.standard(tags.name)], color: "var(--accent)" },
]);

/** Puts an editor in `place`; `run` is called by Ctrl+Enter and `changed` after every change. */
export function sqlEditor(place, { text, schema, run, changed }) {
  const root = place.attachShadow({ mode: "open" });
  const host = document.createElement("div");
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(":host, div.host { display: block; height: 100%; }");
  root.adoptedStyleSheets = [sheet];
  host.className = "host";
  root.append(host);
  const view = new EditorView({
    root, parent: host,
    state: EditorState.create({
      doc: text,
      extensions: [
        Prec.highest(keymap.of([{ key: "Mod-Enter", run: () => { run(); return true; } }])),
        lineNumbers(), history(), drawSelection(), highlightActiveLine(), highlightSelectionMatches(), bracketMatching(), closeBrackets(), autocompletion(),
        sql({ dialect: PostgreSQL, schema, upperCaseKeywords: true }), look, syntaxHighlighting(colours), placeholder("SELECT …"), EditorView.lineWrapping,
        EditorView.contentAttributes.of({ "aria-label": "Statement", spellcheck: "false", autocapitalize: "off" }),
        EditorView.updateListener.of((update) => { if (update.docChanged) changed(); }),
        keymap.of([...closeBracketsKeymap, ...completionKeymap, ...searchKeymap, ...historyKeymap, ...defaultKeymap, indentWithTab, { key: "Escape", run: () => { view.contentDOM.blur(); return true; } }]),
      ],
    }),
  });
  return {
    text: () => view.state.doc.toString(),
    /** What is selected, or everything. */
    chosen: () => {
      const { from, to } = view.state.selection.main;
      return from === to ? view.state.doc.toString() : view.state.sliceDoc(from, to);
    },
    write: (words) => view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: words } }),
    insert: (words) => { view.dispatch(view.state.replaceSelection(words)); view.focus(); },
    focus: () => view.focus(),
    /** Underlines the place of an error; lines and columns count from 1. */
    blame: (line, column, message) => {
      const at = view.state.doc.line(Math.min(Math.max(line, 1), view.state.doc.lines));
      const from = Math.min(at.from + column - 1, at.to);
      const word = view.state.wordAt(from);
      view.dispatch(setDiagnostics(view.state, [{ from, to: word?.to ?? Math.min(from + 1, at.to), severity: "error", message }]));
    },
    forgive: () => view.dispatch(setDiagnostics(view.state, [])),
  };
}
