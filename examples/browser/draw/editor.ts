import { javascript } from '@codemirror/lang-javascript';
import { HighlightStyle, syntaxHighlighting } from '@codemirror/language';
import { type Diagnostic, lintGutter, setDiagnostics } from '@codemirror/lint';
import { EditorState } from '@codemirror/state';
import { EditorView, keymap } from '@codemirror/view';
import { tags } from '@lezer/highlight';
import { basicSetup } from 'codemirror';

/** A CodeMirror editor for TypeScript. */
export interface Editor {
  source: string;
  /** Marks an error on its line and scrolls to it. Without an error, removes the mark. */
  mark(error?: { readonly line: number; readonly message: string }): void;
}

const colours = HighlightStyle.define([
  { tag: [tags.keyword, tags.modifier, tags.controlKeyword], color: 'var(--code-keyword)' },
  { tag: [tags.string, tags.number, tags.bool, tags.regexp], color: 'var(--backward)' },
  { tag: [tags.comment], color: 'var(--quiet)', fontStyle: 'italic' },
  { tag: [tags.function(tags.variableName), tags.function(tags.propertyName)], color: 'var(--forward)' },
  { tag: [tags.typeName, tags.className], color: 'var(--code-type)' },
]);

const look = EditorView.theme({
  '&': { height: '100%', backgroundColor: 'var(--card)', color: 'var(--ink)', fontSize: '12.5px' },
  '.cm-content': { fontFamily: 'var(--mono)', caretColor: 'var(--ink)' },
  '.cm-cursor': { borderLeftColor: 'var(--ink)' },
  '.cm-gutters': { backgroundColor: 'var(--paper)', color: 'var(--quiet)', border: 'none' },
  '.cm-activeLine, .cm-activeLineGutter': { backgroundColor: 'var(--active)' },
  '&.cm-focused .cm-selectionBackground, .cm-selectionBackground, .cm-content ::selection': {
    backgroundColor: 'var(--selected) !important',
  },
  '.cm-tooltip, .cm-panels': {
    backgroundColor: 'var(--card)',
    color: 'var(--ink)',
    border: '1px solid var(--line)',
  },
});

/** Creates an editor in an element. Ctrl+Enter (Cmd+Enter on a Mac) calls `run`. */
export function editorIn(parent: HTMLElement, source: string, run: () => void): Editor {
  const view = new EditorView({
    parent,
    state: EditorState.create({
      doc: source,
      extensions: [
        keymap.of([
          {
            key: 'Mod-Enter',
            run: () => {
              run();
              // True tells the editor that the key is handled, so that it does nothing else.
              return true;
            },
          },
        ]),
        basicSetup,
        javascript({ typescript: true }),
        syntaxHighlighting(colours),
        lintGutter(),
        look,
        EditorView.contentAttributes.of({ 'aria-label': 'Source of the scorer', tabindex: '0' }),
      ],
    }),
  });
  return {
    get source() {
      return view.state.doc.toString();
    },
    set source(text) {
      view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } });
    },
    mark(error) {
      const { doc } = view.state;
      const diagnostics: Diagnostic[] = [];
      if (error) {
        const { from, to } = doc.line(Math.min(Math.max(error.line, 1), doc.lines));
        diagnostics.push({ from, to, severity: 'error', message: error.message });
        view.dispatch({ effects: EditorView.scrollIntoView(from, { y: 'center' }) });
      }
      view.dispatch(setDiagnostics(view.state, diagnostics));
    },
  };
}
