// Draws a definition as SVG: node graph.mjs ../../statemachine/definition.asl.json > picture.svg
//
// The end that every task's errors lead to is drawn without those arrows, which would
// cover all others.
import { readFileSync } from 'node:fs';
import { Graphviz } from '@hpcc-js/wasm-graphviz';

const { StartAt, States } = JSON.parse(readFileSync(process.argv[2], 'utf8'));

const looks = {
  Task: 'shape=box, style="rounded,filled", fillcolor="#dbeafe", color="#1d4ed8"',
  Choice: 'shape=hexagon, style=filled, fillcolor="#fef3c7", color="#b45309", margin="0.02,0.02"',
  Pass: 'shape=box, style="rounded,dashed", color="#6b7280"',
  Map: 'shape=box3d, style=filled, fillcolor="#dbeafe", color="#1d4ed8"',
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
function* arrows(state) {
  if (state.Next) yield [state.Next, ''];
  for (const rule of state.Choices ?? []) yield [rule.Next, said(rule)];
  if (state.Default) yield [state.Default, 'else'];
  for (const { ErrorEquals, Next } of state.Catch ?? []) {
    if (Next !== state.Next && ErrorEquals[0] !== 'States.ALL') yield [Next, ErrorEquals.join(', ')];
  }
}

const lines = Object.entries(States).flatMap(([name, state]) => [
  `${quoted(name)} [label=${quoted(spaced(name))}, ${looks[state.Type]}]`,
  ...Array.from(arrows(state), ([next, word]) => `${quoted(name)} -> ${quoted(next)} [label=${quoted(word)}]`),
]);
const graph = `digraph {
  bgcolor=white; rankdir=TB; nodesep=0.3; ranksep=0.35
  node [fontname="Helvetica,Arial,sans-serif", fontsize=12, height=0.35, margin="0.14,0.04"]
  edge [fontname="Helvetica,Arial,sans-serif", fontsize=10, color="#6b7280", fontcolor="#6b7280", arrowsize=0.7]
  start [shape=circle, label="", width=0.18, style=filled, fillcolor="#374151"]
  start -> ${quoted(StartAt)}
  ${lines.join('\n  ')}
}`;
process.stdout.write((await Graphviz.load()).dot(graph).replace(/<!--[^]*?-->\n/g, ''));
