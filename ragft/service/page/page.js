"use strict";
const $ = id => document.getElementById(id);
const reasons = {
  "no-passages": "the documents hold nothing about it",
  "declined": "the documents are not likely to answer it",
  "refused": "the model declined",
  "empty": "the model said nothing",
  "low-confidence": "the model is not sure enough",
};
let running = null;

function headers() {
  const token = $("token").value;
  return Object.assign({"Content-Type": "application/json"}, token ? {Authorization: "Bearer " + token} : {});
}

// call fetches and turns an error of the service into an Error.
async function call(path, options) {
  const response = await fetch(path, Object.assign({headers: headers()}, options));
  if (response.ok) return response;
  if (response.status === 401) $("token-label").hidden = false;
  let message = response.statusText;
  try { message = (await response.json()).error.message; } catch { /* not the service's own answer */ }
  throw new Error(message);
}

async function loadModels() {
  const list = await (await call("v1/models")).json();
  $("model").replaceChildren(...list.data.map(m => new Option(m.id)));
}

function show(error) {
  $("error").textContent = error ? error.message : "";
  $("error").hidden = !error;
}

// events yields the data of server-sent events.
async function* events(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const {done, value} = await reader.read();
    if (done) return;
    const parts = (rest + value).split("\n\n");
    rest = parts.pop();
    for (const part of parts) if (part.startsWith("data: ")) yield part.slice(6);
  }
}

async function ask(question) {
  show(null);
  $("text").textContent = "";
  $("citations").replaceChildren();
  $("abstained").hidden = true;
  $("answer").hidden = false;
  running = new AbortController();
  $("stop").hidden = false;
  $("ask").disabled = true;
  try {
    if (!$("model").value) await loadModels();
    const response = await call("v1/chat/completions", {
      method: "POST", signal: running.signal,
      body: JSON.stringify({model: $("model").value, stream: true, messages: [{role: "user", content: question}]}),
    });
    for await (const data of events(response)) {
      if (data === "[DONE]") break;
      const chunk = JSON.parse(data);
      if (chunk.error) throw new Error(chunk.error.message);
      for (const choice of chunk.choices) $("text").textContent += choice.delta.content ?? "";
      if (chunk.ragft) finish(chunk.ragft);
    }
  } catch (error) {
    if (error.name !== "AbortError") show(error);
  } finally {
    $("stop").hidden = true;
    $("ask").disabled = false;
    running = null;
  }
}

function finish(answer) {
  $("abstained").hidden = !answer.abstained;
  $("reason").textContent = reasons[answer.reason] ?? answer.reason;
  const marked = answer.citations.some(citation => citation.marker);
  $("citations").replaceChildren(...answer.citations.map(citation => {
    const item = document.createElement("li"), button = document.createElement("button");
    button.type = "button";
    button.textContent = citation.text + " (" + (citation.title || citation.source) + ")";
    button.addEventListener("click", () => open(citation, answer.passages).catch(show));
    // The number in the text; where the text has numbers, one that the list counts by itself would be taken for one of them.
    if (citation.marker) item.value = citation.marker;
    else if (marked) item.style.listStyleType = "'- '";
    item.append(button);
    return item;
  }));
}

// cited returns the bytes of the passage before, in and behind a citation.
function cited(passage, citation) {
  const bytes = new TextEncoder().encode(passage.text);
  const [from, to] = citation.span.map(at => at - passage.span[0]);
  if (passage.source !== citation.source || from < 0 || to > bytes.length) return null;
  return [[0, from], [from, to], [to]].map(part => new TextDecoder().decode(bytes.slice(...part)));
}

// open shows the passage that a citation is from, with the cited bytes marked. A passage of the answer may be several of the
// index, and hold a quote that none of them holds alone; so it comes before the one that the citation names.
async function open(citation, passages) {
  const holds = passage => cited(passage, citation)?.[1] === citation.text;
  const passage = passages.find(holds) ?? await (await call("v1/passages/" + encodeURIComponent(citation.chunk))).json();
  const mark = document.createElement("mark"), parts = cited(passage, citation) ?? [passage.text, "", ""];
  mark.textContent = parts[1];
  $("passage-title").textContent = passage.title || passage.source;
  $("passage-text").replaceChildren(parts[0], mark, parts[2]);
  $("passage").showModal();
}

$("form").addEventListener("submit", event => {
  event.preventDefault();
  ask($("question").value);
});
$("question").addEventListener("keydown", event => {
  if (event.key === "Enter" && !event.shiftKey) {
    event.preventDefault();
    $("form").requestSubmit();
  }
});
$("stop").addEventListener("click", () => running?.abort());
loadModels().catch(show);
