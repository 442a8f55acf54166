// A screen of xterm.js in the colours of the page.
import "./styles.js";
import { Terminal } from "./xterm.js";
import { FitAddon } from "./xterm-fit.js";

const MONO = 'ui-monospace, "DejaVu Sans Mono", "Liberation Mono", Menlo, Consolas, monospace';

const THEME = {
  background: "#0f141a",
  foreground: "#dbe2ea",
  cursor: "#7cc4ff",
  cursorAccent: "#0f141a",
  selectionBackground: "#2f4a66",
  black: "#1b222b", red: "#ff8a80", green: "#7bd88f", yellow: "#f0c674",
  blue: "#7cc4ff", magenta: "#d7a5f0", cyan: "#6fd6d0", white: "#dbe2ea",
  brightBlack: "#8494a6", brightRed: "#ffaba4", brightGreen: "#a2e6b0", brightYellow: "#f7dca0",
  brightBlue: "#a6d7ff", brightMagenta: "#e6c8f7", brightCyan: "#9fe7e2", brightWhite: "#ffffff",
};

// A screen inside `element`; `fit` gives it the element's size.
export function screen(element, options = {}) {
  const terminal = new Terminal({
    fontFamily: MONO,
    fontSize: 14,
    lineHeight: 1.15,
    scrollback: 10000,
    theme: THEME,
    linkHandler: { activate: () => {} },
    ...options,
  });
  const fitting = new FitAddon();
  terminal.loadAddon(fitting);
  terminal.open(element);
  const fit = () => {
    try {
      fitting.fit();
    } catch {
      // an element without a size, on a tab that is not shown
    }
  };
  return { terminal, fit };
}
