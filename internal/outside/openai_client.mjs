// Uses `ragft serve` through OpenAI's own client for JavaScript, as a program would.
//
//     npm install --prefix ../client openai@7.59.0 zod@4.6.7
//     node internal/outside/openai_client.mjs RAGFT ../client
//
// The checks are those of openai_client.py. It prints a line for each, and exits with 1 if one fails.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const [ragft, packages] = process.argv.slice(2).map((path) => resolve(path));
const load = createRequire(join(packages, 'package.json')); // the packages are not in the repository
const OpenAI = load('openai').default;
const { zodResponseFormat } = load('openai/helpers/zod');
const { z } = load('zod');

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..');
const shipped = join(root, 'examples', 'basemodel', 'ragft-base-f16.gguf');
const notes = {
  'bram.md': '# Bram\n\nThe keeper of the light at Bram is Osk Varley. It was founded in 1912.\n',
  'selby.md': '# Selby\n\nThe pilot of Selby is Fay Horn. The harbour has nine berths.\n',
};
const messages = [{ role: 'user', content: 'Who is the keeper of the light at Bram?' }];
const ask = { model: 'base', messages };
const plain = { ...ask, ragft: { retrieval: false } }; // the model alone

const tool = (name, properties) => ({
  type: 'function',
  function: {
    name, strict: true, parameters: { type: 'object', properties, required: Object.keys(properties), additionalProperties: false },
  },
});
const moor = tool('moor', { berth: { type: 'integer' }, flag: { type: 'string', enum: ['red', 'green'] } });
const castOff = tool('cast_off', { now: { type: 'boolean' } });
const call = {
  model: 'base', messages: [{ role: 'user', content: 'Moor at berth 7.' }], tools: [moor, castOff], temperature: 1, max_tokens: 400,
  parallel_tool_calls: false,
};

async function collect(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
}

async function models(client) {
  const ids = [];
  for await (const m of client.models.list()) ids.push(m.id);
  assert.deepEqual(ids, ['base']);
  assert.equal((await client.models.retrieve('base')).owned_by, 'ragft');
}

async function chatFromPassages(client) {
  const c = await client.chat.completions.create(ask);
  assert.ok(['stop', 'length'].includes(c.choices[0].finish_reason));
  assert.equal(c.choices[0].message.role, 'assistant');
  assert.equal(c.ragft.passages[0].source, 'bram.md');
  assert.equal(c.usage.total_tokens, c.usage.prompt_tokens + c.usage.completion_tokens);
  return c.choices[0].message.content;
}

async function streamedChat(client) {
  const whole = await client.chat.completions.create(ask);
  const chunks = await collect(await client.chat.completions.create({ ...ask, stream: true, stream_options: { include_usage: true } }));
  const text = chunks.map((c) => c.choices[0]?.delta.content ?? '').join('');
  assert.equal(text, whole.choices[0].message.content);
  assert.equal(chunks[0].choices[0].delta.role, 'assistant');
  assert.ok(chunks.at(-1).usage.completion_tokens > 0);
  const final = await client.chat.completions.stream(ask).finalChatCompletion(); // the client's accumulator
  assert.equal(final.choices[0].message.content, text);
  return `${chunks.length} chunks`;
}

async function answerSentBack(client) {
  const c = await client.chat.completions.create({ ...plain, max_tokens: 8 });
  const next = { role: 'user', content: 'And Selby?' };
  await client.chat.completions.create({ ...ask, max_tokens: 4, messages: [...messages, c.choices[0].message, next] });
  const parsed = await client.chat.completions.parse({ ...ask, response_format: place, max_tokens: 60 });
  await client.chat.completions.create({ ...ask, max_tokens: 4, messages: [...messages, parsed.choices[0].message, next] });
}

async function severalChoices(client) {
  const some = { ...plain, n: 3, temperature: 1.5, seed: 7, max_tokens: 6 };
  const [one, two] = [await client.chat.completions.create(some), await client.chat.completions.create(some)];
  assert.deepEqual(one.choices.map((c) => c.index), [0, 1, 2]);
  assert.deepEqual(one.choices.map((c) => c.message.content), two.choices.map((c) => c.message.content));
}

async function logProbabilities(client) {
  const some = { ...plain, logprobs: true, top_logprobs: 3, max_tokens: 5 };
  const c = await client.chat.completions.create(some);
  const { content } = c.choices[0].logprobs;
  assert.ok(content.length > 0 && content.every((t) => t.logprob <= 0 && t.top_logprobs.length === 3));
  const said = Buffer.from(content.flatMap((t) => t.bytes)).toString();
  assert.equal(said.trim(), c.choices[0].message.content.trim());
  const chunks = await collect(await client.chat.completions.create({ ...some, stream: true }));
  const streamed = chunks.flatMap((p) => p.choices[0]?.logprobs?.content ?? []);
  assert.deepEqual(streamed.map((t) => t.token), content.map((t) => t.token));
}

async function stopStrings(client) {
  const start = { model: 'base', prompt: 'The keeper of the light', max_tokens: 12 };
  const stop = (await client.completions.create(start)).choices[0].text.trim().split(/\s+/).at(-1);
  for (const given of [stop, [stop, '@@']]) {
    const c = await client.completions.create({ ...start, stop: given });
    assert.ok(!c.choices[0].text.includes(stop));
    assert.equal(c.choices[0].finish_reason, 'stop');
  }
}

const place = zodResponseFormat(z.object({ founded: z.boolean() }), 'place'); // sends strict: true

async function jsonSchema(client) {
  const c = await client.chat.completions.parse({ ...ask, response_format: place, max_tokens: 60 });
  assert.equal(typeof c.choices[0].message.parsed.founded, 'boolean');
  const schema = { name: 'a', description: 'd', strict: null, schema: { type: 'string', enum: ['yes', 'no'] } };
  const format = { type: 'json_schema', json_schema: schema };
  const d = await client.chat.completions.create({ ...ask, max_tokens: 100, response_format: format });
  return JSON.parse(d.choices[0].message.content);
}

async function completions(client) {
  const c = await client.completions.create({ model: 'base', prompt: ['The inn', 'The mill'], max_tokens: 4, logprobs: 2 });
  assert.deepEqual(c.choices.map((x) => x.index), [0, 1]);
  for (const { logprobs } of c.choices) {
    let at = 0;
    logprobs.tokens.forEach((token, i) => {
      assert.equal(logprobs.text_offset[i], at);
      at += [...token].length;
    });
  }
  const pieces = await collect(await client.completions.create({ model: 'base', prompt: 'The inn', max_tokens: 4, stream: true }));
  assert.equal(pieces.map((p) => p.choices[0].text).join(''), c.choices[0].text);
}

async function likeliestToken(client) {
  const said = new Set();
  for (const seed of [0, 1, 2]) {
    const draw = { model: 'base', prompt: 'The gate of the', max_tokens: 5, temperature: 1.5, top_p: 0, seed };
    said.add((await client.completions.create(draw)).choices[0].text);
  }
  assert.equal(said.size, 1);
}

async function refused(client, request, param) {
  await assert.rejects(client.chat.completions.create(request), (e) => {
    assert.ok(e instanceof OpenAI.BadRequestError, e);
    assert.equal(e.param, param, JSON.stringify(e.error));
    return true;
  });
}

async function refusalsNameTheField(client) {
  const f = { type: 'function', function: { name: 'f' } };
  for (const [more, param] of [
    [{ max_tokens: 0 }, 'max_tokens'], [{ max_completion_tokens: 0 }, 'max_completion_tokens'], [{ n: 99 }, 'n'],
    [{ top_p: 2 }, 'top_p'], [{ logit_bias: { 0: 101 } }, 'logit_bias'], [{ reasoning_effort: 'low' }, 'reasoning_effort'],
    [{ modalities: ['audio'] }, 'modalities'], [{ functions: [{ name: 'f' }] }, 'functions'], [{ stop: 5 }, 'stop'],
    [{ tools: [f] }, 'tools'], // the template of this model knows none
    [{ response_format: { type: 'xml' } }, 'response_format'], [{ web_search_options: {} }, 'web_search_options'],
    [{ messages: [{ role: 'boss', content: 'x' }] }, 'messages[0].role'],
  ]) await refused(client, { ...ask, ...more }, param);
  await assert.rejects(client.chat.completions.create({ ...ask, model: 'other' }), (e) => {
    assert.ok(e instanceof OpenAI.NotFoundError, e);
    return e.code === 'model_not_found' && e.param === 'model';
  });
}

function checkCall({ function: { name, arguments: text } }) {
  const args = JSON.parse(text);
  if (name === 'cast_off') {
    assert.deepEqual(Object.keys(args), ['now']);
    assert.equal(typeof args.now, 'boolean');
  } else {
    assert.equal(name, 'moor');
    assert.deepEqual(Object.keys(args), ['berth', 'flag']);
    assert.ok(Number.isInteger(args.berth) && ['red', 'green'].includes(args.flag), text);
  }
  return name;
}

async function strictTools(client) {
  const called = new Set();
  for (let seed = 0; seed < 8; seed++) {
    const c = await client.chat.completions.create({ ...call, seed, tool_choice: 'required' });
    assert.equal(c.choices[0].finish_reason, 'tool_calls');
    for (const made of c.choices[0].message.tool_calls) called.add(checkCall(made));
  }
  assert.deepEqual([...called].sort(), ['cast_off', 'moor']);
  const named = { type: 'function', function: { name: 'cast_off' } };
  const c = await client.chat.completions.create({ ...call, tool_choice: named, n: 2 });
  assert.deepEqual(c.choices.map((x) => x.message.tool_calls.map(checkCall)), [['cast_off'], ['cast_off']]);
  for (const choice of ['auto', 'none']) {
    const { message } = (await client.chat.completions.create({ ...call, tool_choice: choice })).choices[0];
    assert.ok(choice === 'auto' || !message.tool_calls?.length);
    for (const made of message.tool_calls ?? []) checkCall(made);
  }
}

async function streamedAndAnsweredTools(client) {
  const final = await client.chat.completions.stream({ ...call, tool_choice: 'required' }).finalChatCompletion();
  const { message } = final.choices[0];
  assert.ok(message.tool_calls.length > 0);
  message.tool_calls.forEach(checkCall);
  const results = message.tool_calls.map((made) => ({ role: 'tool', tool_call_id: made.id, content: 'done' }));
  await client.chat.completions.create({ ...call, messages: [...call.messages, message, ...results], tool_choice: 'none' });
}

async function refusedTools(client) {
  const loose = { ...moor.function, parameters: { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] } };
  const optional = { ...moor.function, parameters: { ...moor.function.parameters, required: [] } };
  for (const [more, param] of [
    [{ tools: [{ type: 'function', function: loose }] }, 'tools[0].function.parameters'],
    [{ tools: [castOff, { type: 'function', function: optional }] }, 'tools[1].function.parameters'],
    [{ tool_choice: { type: 'function', function: { name: 'sink' } } }, 'tool_choice'],
    [{ tool_choice: 'always' }, 'tool_choice'], [{ tools: [], tool_choice: 'required' }, 'tool_choice'],
    [{ response_format: { type: 'json_object' } }, 'response_format'],
  ]) await refused(client, { ...call, ...more }, param);
}

const checks = [models, chatFromPassages, streamedChat, answerSentBack, severalChoices, logProbabilities, stopStrings, jsonSchema,
  completions, likeliestToken, refusalsNameTheField];
const toolChecks = [strictTools, streamedAndAnsweredTools, refusedTools];

// Serves a model, and returns how many checks failed.
async function checkAll(folder, model, list) {
  const server = spawn(ragft, ['serve', '-m', model, '-s', 'threads=1', '--address', '127.0.0.1:0', '--json'],
    { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] });
  const ended = new Promise((done) => { server.once('exit', done); });
  let failed = 0;
  try {
    let listening = '';
    for await (const data of server.stdout.iterator({ destroyOnReturn: false })) {
      listening += data;
      if (listening.trimEnd().endsWith('}')) break;
    }
    const client = new OpenAI({ baseURL: `${JSON.parse(listening).url}/v1`, apiKey: 'none', maxRetries: 0, timeout: 120_000 });
    for (const check of list) {
      const name = check.name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
      try {
        console.log('ok    ', name, (await check(client)) ?? '');
      } catch (e) { // each check is reported, whatever went wrong
        failed++;
        console.log('FAILED', name, e);
      }
    }
  } finally {
    server.kill();
    await ended;
  }
  return failed;
}

const folder = mkdtempSync(join(tmpdir(), 'ragft-'));
let failed = 0;
try {
  mkdirSync(join(folder, 'notes'));
  for (const [name, text] of Object.entries(notes)) writeFileSync(join(folder, 'notes', name), text);
  execFileSync(ragft, ['index', 'notes', '-q'], { cwd: folder, stdio: 'ignore' });
  const withTools = join(folder, 'tools.gguf');
  execFileSync('go', ['run', './internal/outside/withtools', shipped, withTools], { cwd: root, stdio: 'inherit' });
  failed = (await checkAll(folder, shipped, checks)) + (await checkAll(folder, withTools, toolChecks));
} finally {
  rmSync(folder, { recursive: true });
}
const { version } = JSON.parse(readFileSync(join(packages, 'node_modules', 'openai', 'package.json')));
const all = checks.length + toolChecks.length;
console.log(`openai ${version}: ${all - failed} of ${all} checks passed`);
process.exit(failed > 0 ? 1 : 0);
