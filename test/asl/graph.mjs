// Draws a definition as SVG: node graph.mjs ../../statemachine/definition.asl.json > picture.svg
//
// The end that every task's errors lead to, outside of maps, is drawn without those
// arrows, which would cover all others.
import { readFileSync } from 'node:fs';
import { Graphviz } from '@hpcc-js/wasm-graphviz';

const { StartAt, States } = JSON.parse(readFileSync(process.argv[2], 'utf8'));

const looks = {
  Task: 'shape=box, style="rounded,filled", fillcolor="#dbeafe", color="#1d4ed8"',
  Choice: 'shape=hexagon, style=filled, fillcolor="#fef3c7", color="#b45309", margin="0.02,0.02"',
  Pass: 'shape=box, style="rounded,dashed", color="#6b7280"',
  Succeed: 'shape=box, style="rounded,filled", fillcolor="#dcfce7", color="#15803d"',
  Fail: 'shape=box, style="rounded,filled", fillcolor="#fee2e2", color="#b91c1c"',
};
const spaced = (name) => name.replace(/([a-z])([A-Z])/g, '$1 $2');
const quoted = (text) => `"${text.replaceAll('"', '\\"')}"`;

// said puts a choice's rule into few words.
function said(rule) {
  const test = (rule.And ?? rule.Or ?? [rule]).findLast((r) => r.Variable);
  const name = test.Variable.split('.').at(-1);
  const [operator, value] = Object.entries(test).find(([key]) => key !== 'Variable' && key !== 'Next');
  if (operator === 'BooleanEquals') return value ? name : `not ${name}`;
  if (operator === 'StringMatches') return value.startsWith('arn') ? `has ${name}` : `no ${name}`;
  return `${name} ${{ NumericLessThan: '<', NumericLessThanEquals: '≤', StringEquals: '=', IsPresent: 'is there' }[operator] ?? operator} ${operator === 'IsPresent' ? '' : value}`.trim();
}

// arrows lists where a state leads, with a word for each way.
function* arrows(state, inside) {
  if (state.Next) yield [state.Next, ''];
  for (const rule of state.Choices ?? []) yield [rule.Next, said(rule)];
  if (state.Default) yield [state.Default, 'else'];
  for (const { ErrorEquals, Next } of state.Catch ?? []) {
    const any = ErrorEquals[0] === 'States.ALL';
    if (Next !== state.Next && (inside || !any)) yield [Next, any ? 'any error' : ErrorEquals.join(', ')];
  }
}

// A map is a frame around the states that each item goes through; arrows to and from it
// end at the frame, but have to name a state within.
const first = (name, state) => (state?.ItemProcessor ? first(state.ItemProcessor.StartAt, state.ItemProcessor.States[state.ItemProcessor.StartAt]) : name);
const last = (name, state) => (state.ItemProcessor ? Object.keys(state.ItemProcessor.States).findLast((n) => state.ItemProcessor.States[n].End) : name);
const frame = (name) => quoted(`cluster ${name}`);

// drawn lists the lines for states, and for those within them.
function* drawn(states, inside = false) {
  for (const [name, state] of Object.entries(states)) {
    if (state.ItemProcessor) {
      yield `subgraph ${frame(name)} { margin=12; style="rounded,dashed"; color="#1d4ed8"; label=${quoted(`${spaced(name)}: for each item`)}`;
      yield* drawn(state.ItemProcessor.States, true);
      yield '}';
    } else {
      yield `${quoted(name)} [label=${quoted(spaced(name))}, ${looks[state.Type]}]`;
    }
    for (const [next, word] of arrows(state, inside)) {
      const ends = [
        `label=${quoted(` ${word} `)}`, // room between it and the lines
        ...(state.ItemProcessor ? [`ltail=${frame(name)}`] : []),
        ...(states[next]?.ItemProcessor ? [`lhead=${frame(next)}`] : []),
      ];
      yield `${quoted(last(name, state))} -> ${quoted(first(next, states[next]))} [${ends.join(', ')}]`;
    }
  }
}

const graph = `digraph {
  bgcolor=white; rankdir=TB; nodesep=0.3; ranksep=0.35; compound=true
  fontname="Helvetica,Arial,sans-serif"; fontsize=12
  node [fontname="Helvetica,Arial,sans-serif", fontsize=12, height=0.35, margin="0.14,0.04"]
  edge [fontname="Helvetica,Arial,sans-serif", fontsize=10, color="#6b7280", fontcolor="#6b7280", arrowsize=0.7]
  start [shape=circle, label="", width=0.18, style=filled, fillcolor="#374151"]
  start -> ${quoted(first(StartAt, States[StartAt]))}
  ${[...drawn(States)].join('\n  ')}
}`;
process.stdout.write((await Graphviz.load()).dot(graph).replace(/<!--[^]*?-->\n/g, ''));
