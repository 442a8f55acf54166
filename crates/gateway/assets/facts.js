// Facts: what a device says of itself, asked for when somebody wants to know.
import { Refused, rpc } from "./rpc.js";
import { age } from "./time.js";

const MOST = 40;
const LONGEST = 1024 * 1024;
const TIMEOUT = 20;

const button = document.getElementById("facts-ask");
const said = document.getElementById("facts-said");
const state = document.getElementById("facts-state");
const device = button?.dataset.device;

// The innermost elements of a reply, in its order: name and text. What occurs twice is told with its number.
function leaves(xml) {
  const reply = new DOMParser().parseFromString(xml, "application/xml");
  if (reply.querySelector("parsererror")) throw new Error("the device's answer is no XML");
  const error = [...reply.getElementsByTagNameNS("*", "error-message")][0];
  if (error) throw new Error(error.textContent.trim());
  const all = [...reply.getElementsByTagName("*")].filter((element) => !element.firstElementChild && element.textContent.trim());
  return all.slice(0, MOST).map((element) => [element.localName.replaceAll("-", " "), element.textContent.trim()]);
}

function draw(facts) {
  const parts = facts.flatMap(([name, text]) => {
    const term = document.createElement("dt");
    term.textContent = name;
    const words = document.createElement("dd");
    words.textContent = text;
    return [term, words];
  });
  said.replaceChildren(...parts);
}

let at = null;
let timer = null;

function tellAge() {
  if (at) state.textContent = `the device said so ${age(at)} ago`;
}

async function ask() {
  button.disabled = true;
  state.textContent = "asking the device …";
  at = null;
  let xml = "";
  try {
    await rpc(button.dataset.rpc, "<get-system-information/>", TIMEOUT, (text) => {
      xml += text;
      if (xml.length > LONGEST) throw new Error("the device's answer has no end");
    });
    const facts = leaves(xml);
    draw(facts);
    at = Date.now();
    if (facts.length) tellAge();
    else state.textContent = "the device said nothing";
    timer ??= setInterval(tellAge, 1000);
  } catch (error) {
    said.replaceChildren();
    const hint = error instanceof Refused && error.hint ? ` (${error.hint})` : "";
    state.textContent = `${device} did not answer: ${error.message}${hint}`;
  } finally {
    button.disabled = false;
    button.textContent = "Ask again";
  }
}

button?.addEventListener("click", ask);
