// What the bundled definition does with each error that a step can end in. The
// steps are played by the test here; the definition and the engine are real.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import aslValidator from 'asl-validator';
import { definition, deployed, execute, TaskError } from './support/machine.mjs';

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
  'Retrain.DeadlineExceeded': 3, 'Sandbox.Timedout': 2, 'Runtime.ExitError': 2, 'Lambda.Unknown': 2, 'States.Timeout': 2,
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
    TrainModel: { path: '/train', body: { ...steps['/preprocess'], on_deadline: 'checkpoint' } },
    EvaluateModel: { path: '/evaluate', body: steps['/train'] },
    UpdateModel: { path: '/update-model', body: steps['/evaluate'] },
  });
  assert.deepEqual(run.output, steps['/update-model']);
});

test('a training is continued until it is complete', async () => {
  const bodies = [];
  const run = await execute(ours, {}, {
    invoke,
    before: {
      TrainModel(count, payload) {
        bodies.push(payload.body);
        return count < 5 ? { status: 'in_progress', round: count } : undefined;
      },
    },
  });
  assert.equal(run.end, 'ModelPromoted');
  assert.equal(run.invocations.TrainModel, 5);
  assert.deepEqual(bodies.map((b) => b.round), [undefined, 1, 2, 3, 4], 'each round gets what the one before answered');
  assert.ok(bodies.every((b) => b.on_deadline === 'checkpoint'));
});

test('a training that is never complete ends in failure', async () => {
  const run = await execute(ours, {}, { invoke, before: { TrainModel: () => ({ status: 'in_progress' }) } });
  assert.equal(run.error, 'Retrain.TooManyRounds');
  assert.equal(run.end, 'RetrainingFailed');
  assert.equal(run.invocations.TrainModel, 200);
});

test('without substitutions nothing but the function is called', async () => {
  const run = await execute(ours, {}, { invoke });
  assert.deepEqual(run.sent, {});
});

const topic = 'arn:aws:sns:eu-central-1:123456789012:retraining';
const bus = 'arn:aws:events:eu-central-1:123456789012:event-bus/default';

test('promoted, kept and failed are announced, and a lost message changes nothing', async () => {
  const told = deployed(ours, { NotificationTopicArn: topic, EventBusArn: bus, RequireApproval: 'false', SageMakerEndpoint: '' });
  const refuse = () => ({ status: 'success', should_update: false });
  for (const [before, end, states] of [
    [{}, 'ModelPromoted', ['SendEvent', 'AnnouncePromoted']],
    [{ EvaluateModel: refuse }, 'ModelKept', ['AnnounceKept']],
    [failing('TrainModel', 'Retrain.InvalidData', 1), 'RetrainingFailed', ['AnnounceFailure']],
  ]) {
    const run = await execute(told, { data_path: 'd' }, { invoke, before });
    assert.equal(run.end, end);
    assert.deepEqual(Object.keys(run.sent), states);
    const lost = Object.fromEntries(states.map((s) => [s, () => { throw new TaskError('SNS.AuthorizationErrorException', '{}'); }]));
    const silent = await execute(told, {}, { invoke, before: { ...before, ...lost } });
    assert.equal(silent.end, end);
    assert.equal(silent.error, run.error, 'the error that is told is the one that happened');
    for (const state of states) assert.equal(silent.sent[state].length, 4, 'three more tries');
  }
});

test('messages say what happened', async () => {
  const told = deployed(ours, { NotificationTopicArn: topic, EventBusArn: bus, SageMakerEndpoint: '' });
  const promoted = await execute(told, {}, { invoke });
  const [event] = promoted.sent.SendEvent[0].Entries;
  assert.deepEqual(event, { Source: 'retrain', DetailType: 'ModelPromoted', EventBusName: bus, Detail: steps['/update-model'] });
  assert.deepEqual(promoted.sent.AnnouncePromoted[0].Message.answer, steps['/update-model']);
  const failed = await execute(told, { data_path: 'd' }, { invoke, before: failing('PreprocessData', 'Retrain.DataNotFound', 1) });
  const { request, error } = failed.sent.AnnounceFailure[0].Message;
  assert.deepEqual(request, { data_path: 'd' });
  assert.equal(error.Error, 'Retrain.DataNotFound');
});

test('where approval is required, only an approved model is promoted', async () => {
  const careful = deployed(ours, { NotificationTopicArn: topic, RequireApproval: 'true', SageMakerEndpoint: '' });
  for (const [answer, end, updates] of [
    [{ approved: true, by: 'me' }, 'ModelPromoted', 1],
    [{ approved: false }, 'ModelRejected', 0],
    [{ approved: 'true' }, 'RetrainingFailed', 0],
    [{}, 'RetrainingFailed', 0],
  ]) {
    const run = await execute(careful, {}, { invoke, before: { AskApproval: () => answer } });
    assert.equal(run.end, end, JSON.stringify(answer));
    assert.equal(run.invocations.UpdateModel, updates);
    assert.deepEqual(run.sent.AskApproval[0].Message.evaluation, steps['/evaluate']);
  }
  const nobody = await execute(careful, {}, { invoke, before: failing('AskApproval', 'States.Timeout', Infinity) });
  assert.equal(nobody.error, 'States.Timeout');
  assert.equal(nobody.invocations.UpdateModel, 0);
});

test('a SageMaker endpoint is moved to the new version', async () => {
  const hosted = deployed(ours, {
    SageMakerEndpoint: 'churn', SageMakerRoleArn: 'arn:aws:iam::123456789012:role/serve', SageMakerInstanceType: 'ml.t2.medium',
    ImageUri: 'image', StoreUri: 's3://bucket/retrain',
  });
  const run = await execute(hosted, {}, { invoke, before: { UpdateModel: () => ({ status: 'success', updated: true, version: 7 }) } });
  assert.equal(run.end, 'ModelPromoted');
  assert.equal(run.sent.CreateModel[0].ModelName, 'churn-v7');
  assert.equal(run.sent.CreateEndpointConfig[0].ProductionVariants[0].ModelName, 'churn-v7');
  assert.deepEqual(run.sent.UpdateEndpoint[0], { EndpointName: 'churn', EndpointConfigName: 'churn-v7' });
});
