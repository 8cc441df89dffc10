// What the bundled definition does with each error that a step can end in. The
// steps are played by the test here; the definition and the engine are real.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import aslValidator from 'asl-validator';
import { definition, execute, TaskError } from './support/machine.mjs';

const ours = definition('definition.asl.json');
const tasks = ['PreprocessData', 'TrainModel', 'EvaluateModel', 'UpdateModel'];

// steps answers as the service does, as far as the definition looks.
const steps = {
  '/preprocess': { status: 'success', processed_data_path: 'p' },
  '/train': { status: 'success', model_path: 'm' },
  '/evaluate': { status: 'success', should_update: true },
  '/update-model': { status: 'success', updated: true },
};
const invoke = async (payload) => steps[payload.path];

// failing makes a state's first n invocations fail.
const failing = (state, error, n) => ({
  [state]: (count) => {
    if (count <= n) throw new TaskError(error, '{"errorMessage":"the document"}');
  },
});

for (const name of ['definition.asl.json', 'testdata/plain.asl.json']) {
  test(`${name} is valid`, () => {
    const { isValid, errorsText } = aslValidator(definition(name));
    assert.ok(isValid, isValid ? '' : errorsText('\n'));
  });
}

// How often a task that keeps failing is invoked.
const permanent = [
  'Retrain.InvalidRequest', 'Retrain.InvalidData', 'Retrain.DataNotFound', 'Retrain.AccessDenied', 'Retrain.TooLarge',
  'Retrain.RunConflict', 'Retrain.GateNotPassed', 'Retrain.NoSuchRoute', 'Retrain.MethodNotAllowed',
  'Retrain.UnsupportedMediaType', 'Retrain.UnsupportedEvent', 'Retrain.Internal', 'Lambda.ResourceNotFoundException',
];
const attempts = {
  ...Object.fromEntries(permanent.map((code) => [code, 1])),
  'Retrain.DeadlineExceeded': 2, 'Sandbox.Timedout': 2, 'Runtime.ExitError': 2, 'Lambda.Unknown': 2, 'States.Timeout': 2,
  'Retrain.Transient': 7, 'Lambda.ServiceException': 7, 'Lambda.TooManyRequestsException': 7,
  'Lambda.CodeArtifactUserPendingException': 6, 'Retrain.Throttled': 9,
};

for (const [error, want] of Object.entries(attempts)) {
  test(`${error} in each state: ${want} invocation${want > 1 ? 's' : ''}`, async () => {
    for (const state of tasks) {
      const lasting = await execute(ours, {}, { invoke, before: failing(state, error, Infinity) });
      assert.equal(lasting.invocations[state], want, state);
      assert.equal(lasting.end, 'RetrainingFailed', state);
      assert.equal(lasting.error, error, state);
      assert.equal(lasting.cause, '{"errorMessage":"the document"}', state);
      if (want === 1) continue;
      const passing = await execute(ours, {}, { invoke, before: failing(state, error, want - 1) });
      assert.equal(passing.end, 'ModelPromoted', state);
      assert.equal(passing.invocations[state], want, state);
    }
  });
}

test('a champion that moved is compared with, and the promotion tried again', async () => {
  const sent = [];
  const run = await execute(ours, {}, {
    invoke,
    before: {
      ...failing('UpdateModel', 'Retrain.ChampionChanged', 2),
      EvaluateModel: (count, payload) => void sent.push(payload.body),
    },
  });
  assert.equal(run.end, 'ModelPromoted');
  assert.deepEqual(run.invocations, { PreprocessData: 1, TrainModel: 1, EvaluateModel: 3, UpdateModel: 3 });
  assert.deepEqual(sent, [steps['/train'], steps['/evaluate'], steps['/evaluate']], 'each evaluation gets the last answer');
});

test('a champion that keeps moving ends in failure after four evaluations', async () => {
  const run = await execute(ours, {}, { invoke, before: failing('UpdateModel', 'Retrain.ChampionChanged', Infinity) });
  assert.equal(run.error, 'Retrain.ChampionChanged');
  assert.equal(run.end, 'RetrainingFailed');
  assert.deepEqual(run.invocations, { PreprocessData: 1, TrainModel: 1, EvaluateModel: 4, UpdateModel: 4 });
});

test('ChampionChanged in another state is a failure', async () => {
  for (const state of tasks.slice(0, 3)) {
    const run = await execute(ours, {}, { invoke, before: failing(state, 'Retrain.ChampionChanged', Infinity) });
    assert.equal(run.error, 'Retrain.ChampionChanged');
    assert.equal(run.invocations[state], 1);
  }
});

test('the verdict decides, and only a boolean is a verdict', async () => {
  for (const [answer, end] of [
    [{ should_update: true }, 'ModelPromoted'],
    [{ should_update: false }, 'ModelKept'],
    [{}, 'RetrainingFailed'],
    [{ should_update: null }, 'RetrainingFailed'],
    [{ should_update: 'true' }, 'RetrainingFailed'],
  ]) {
    const run = await execute(ours, {}, { invoke, before: { EvaluateModel: () => answer } });
    assert.equal(run.end, end, JSON.stringify(answer));
    assert.equal(run.error, end === 'RetrainingFailed' ? 'Retrain.VerdictMissing' : undefined);
    assert.equal(run.invocations.UpdateModel, end === 'ModelPromoted' ? 1 : 0);
  }
});

test('each step gets the answer of the one before, and the last answer is the output', async () => {
  const sent = {};
  const before = Object.fromEntries(tasks.map((state) => [state, (count, payload) => void (sent[state] = payload)]));
  const run = await execute(ours, { data_path: 'd', extra: 1 }, { invoke, before });
  assert.deepEqual(sent, {
    PreprocessData: { path: '/preprocess', body: { data_path: 'd', extra: 1 } },
    TrainModel: { path: '/train', body: steps['/preprocess'] },
    EvaluateModel: { path: '/evaluate', body: steps['/train'] },
    UpdateModel: { path: '/update-model', body: steps['/evaluate'] },
  });
  assert.deepEqual(run.output, steps['/update-model']);
});
