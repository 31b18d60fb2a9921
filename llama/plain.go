//go:build cgo

package llama

// plainTemplate renders conversations for models without a chat template. A message that opens the answer by itself, with
// a last line such as "A:" of RA-DIT (arXiv 2310.01352, section 2.3) or with "<response>" of FedRAG, is not followed by
// "Answer:".
const plainTemplate = `
{%- set state = namespace(open=false) -%}
{%- for message in messages -%}
  {%- if message.role == "assistant" -%}
    {%- if not state.open %}{{ "\nAnswer:" }}{% endif -%}
    {{ " " + message.content }}
  {%- else -%}
    {%- if not loop.first %}{{ "\n\n" }}{% endif -%}
    {{ message.content }}
    {%- set last = message.content.split("\n")[-1] -%}
    {%- set state.open = last.endswith("<response>") or (last.endswith(":") and " " not in last) -%}
  {%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt and not state.open %}{{ "\nAnswer:" }}{% endif -%}`
