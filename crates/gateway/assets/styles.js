// Lets xterm.js live under our Content-Security-Policy: it writes <style> elements and style attributes, which are refused. The
// same is done here by the CSS object model, which is not.

const make = document.createElement.bind(document);
const set = Element.prototype.setAttribute;

// Stands where a <style> element would, and keeps its rules in a sheet of the document.
function standIn() {
  const sheet = new CSSStyleSheet();
  const element = make("template");
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  Object.defineProperty(element, "textContent", { set: (rules) => sheet.replaceSync(rules) });
  element.remove = () => {
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((other) => other !== sheet);
    Element.prototype.remove.call(element);
  };
  return element;
}

document.createElement = (name, options) =>
  String(name).toLowerCase() === "style" ? standIn() : make(name, options);

Element.prototype.setAttribute = function (name, value) {
  if (name === "style") this.style.cssText = value;
  else set.call(this, name, value);
};
