// Runs a state machine definition on the local engine and reports what a test
// wants to know of the run.
//
// The engine stands in for Step Functions: transitions, paths, Retry, Catch and
// intrinsic functions are its own. Tasks go to a Lambda through a handler, and
// waiting times before a retry are left out.
import './promise.mjs';
import { readFileSync } from 'node:fs';
import { StateMachine } from 'aws-local-stepfunctions';

const statemachine = new URL('../../../statemachine/', import.meta.url);

// definition reads a definition below statemachine/.
export function definition(name) {
  return JSON.parse(readFileSync(new URL(name, statemachine), 'utf8'));
}

// machine returns the engine's machine for a definition, which is validated once.
const machines = new WeakMap();
function machine(definition) {
  if (!machines.has(definition)) machines.set(definition, new StateMachine(definition));
  return machines.get(definition);
}

// TaskError is what a failed task shows to the engine: the error's name, and its cause.
export class TaskError extends Error {
  constructor(name, cause) {
    super(cause);
    this.name = name;
  }
}

// deployed returns the definition as a deployment with these settings has it.
export function deployed(definition, settings) {
  const text = JSON.stringify(definition).replaceAll(/\$\{(\w+)\}/g, (name, key) => settings[key] ?? name);
  return JSON.parse(text);
}

// statesOf lists a definition's states by name, those inside of a Map too.
function* statesOf({ States }) {
  for (const [name, state] of Object.entries(States)) {
    yield [name, state];
    if (state.ItemProcessor) yield* statesOf(state.ItemProcessor);
  }
}

// execute runs the definition to its end.
//
// invoke(payload) calls the function, and resolves with its answer or rejects with
// a TaskError. before[state](n, payload), if given, is called before the n-th
// invocation of a state; what it returns other than undefined is the answer instead.
//
// The result: the names of the states in the order in which they were entered
// (path, and end for the last), the invocations of each task that calls the function,
// what was sent to other services by the other tasks, and either output or error and
// cause.
export async function execute(definition, input, { invoke, before = {} }) {
  const invocations = {};
  const sent = {};
  const handlers = {};
  const noWaiting = {};
  for (const [name, state] of statesOf(definition)) {
    if (state.Type !== 'Task') continue;
    noWaiting[name] = 0;
    if (!state.Resource.endsWith(':lambda:invoke')) {
      handlers[name] = async (parameters) => {
        (sent[name] ??= []).push(parameters);
        return (await before[name]?.(sent[name].length, parameters)) ?? {};
      };
      continue;
    }
    if (name in definition.States) invocations[name] = 0; // those of a Map are listed if there are any
    handlers[name] = async ({ FunctionName, Payload }) => {
      invocations[name] = (invocations[name] ?? 0) + 1;
      const instead = await before[name]?.(invocations[name], Payload);
      const answer = instead === undefined ? await invoke(Payload, FunctionName) : instead;
      // The shape that the lambda:invoke integration hands to the state.
      return { ExecutedVersion: '$LATEST', Payload: answer, SdkHttpMetadata: { HttpStatusCode: 200 }, StatusCode: 200 };
    };
  }
  const execution = machine(definition).run(input, {
    context: { Execution: { Id: 'arn:aws:states:eu-central-1:123456789012:execution:retrain:test' }, Task: { Token: 'a-token' } },
    overrides: { taskResourceLocalHandlers: handlers, retryIntervalOverrides: noWaiting },
  });
  const path = [];
  const watching = (async () => {
    for await (const event of execution.eventLogs) {
      if (event.type === 'StateEntered') path.push(event.state.name);
    }
  })();
  const run = { path, invocations, sent };
  try {
    run.output = await execution.result;
  } catch (failure) {
    if (failure.name !== 'ExecutionError') throw failure;
    run.error = failure.cause.name;
    run.cause = failure.cause.message;
  }
  await watching;
  run.end = path.at(-1);
  return run;
}
