// Searches: the shipped binary trains the candidates inside of the Map, and the
// best one's parameters make the challenger.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startLambda } from './support/lambda.mjs';
import { TaskError, definition, execute } from './support/machine.mjs';
import { folderStore } from './support/stores.mjs';

const ours = definition('definition.asl.json');
const churn = fileURLToPath(new URL('../../examples/churn.csv', import.meta.url));
// The constraint names a column that the data does not have: that candidate fails.
const grid = [
  { algorithm: ['logistic_regression'], C: [0.0001, 1] },
  { algorithm: ['gradient_boosting'], max_iter: [20], monotonic_cst: [null, { nothing: 1 }] },
];

describe('a search', () => {
  let store, lambda;
  before(async () => {
    store = await folderStore();
    lambda = await startLambda(store.env);
  });
  after(async () => {
    await lambda?.stop();
    await store?.stop();
  });
  // The emulator runs one invocation at a time, and would throttle those beside it.
  let last = Promise.resolve();
  const invoke = (payload) => (last = last.catch(() => {}).then(() => lambda.invoke(payload)));
  const input = (model_name, search) => ({ data_path: store.put(churn), target: 'churn', model_name, model_params: { search } });
  const digest = (run) => /sha256\/([0-9a-f]{64})\//.exec(run.output.model_uri)[1];

  test('ends with the model that one call makes, though a candidate fails', async () => {
    let board;
    const run = await execute(ours, input('churn', { grid }), {
      invoke: async (payload) => {
        const answer = await invoke(payload);
        if (payload.path === '/evaluate') board = answer.leaderboard;
        return answer;
      },
    });
    assert.equal(run.end, 'ModelPromoted', run.cause);
    assert.equal(run.invocations.TrainCandidate, 4);
    assert.equal(run.invocations.TrainModel, 1);
    assert.deepEqual(board.map(({ rank, error }) => rank ?? error), [1, 2, 3, 'Retrain.InvalidRequest']);

    const other = await startLambda({ ...store.env, RETRAIN_STORE: `${store.env.RETRAIN_STORE}-other` });
    try {
      const whole = await other.invoke({ path: '/retrain', body: input('churn', { grid }) });
      assert.equal(whole.train.model_sha256, digest(run));
    } finally {
      await other.stop();
    }
  });

  test('waits out what passes, and goes on from checkpoints', async () => {
    const seen = new Set();
    const run = await execute(ours, input('rounds', { random: { max_iter: { min: 5, max: 9, int: true } }, n_iter: 3 }), {
      invoke,
      before: {
        TrainCandidate(n, { body }) {
          if (n === 1) throw new TaskError('Retrain.Throttled', 'busy');
          const id = JSON.stringify(body.model_params);
          if (seen.has(id)) return undefined;
          seen.add(id);
          return { ...body, status: 'in_progress' };
        },
      },
    });
    assert.equal(run.end, 'ModelPromoted', run.cause);
    assert.equal(run.invocations.TrainCandidate, 7);
  });

  test('trains as many candidates at a time as n_jobs says', async () => {
    for (const [model_name, n_jobs, want] of [['few', 2, 2], ['default', undefined, 4]]) {
      let now = 0;
      let most = 0;
      const search = { random: { max_iter: { min: 3, max: 20, int: true } }, n_iter: 6, n_jobs };
      const run = await execute(ours, input(model_name, search), {
        invoke: async (payload) => {
          const candidate = payload.body.validate_on !== undefined;
          most = Math.max(most, (now += candidate ? 1 : 0));
          try {
            return await invoke(payload);
          } finally {
            now -= candidate ? 1 : 0;
          }
        },
      });
      assert.equal(run.end, 'ModelPromoted', run.cause);
      assert.equal(most, want);
    }
  });

  test('a candidate that is killed while it is trained is trained again', async () => {
    const search = { grid: { learning_rate: [0.05, 0.1] }, n_jobs: 1 };
    const model_params = { algorithm: 'gradient_boosting', max_iter: 600, early_stopping: false, search };
    const undisturbed = await execute(ours, { ...input('left', search), model_params }, { invoke });
    assert.equal(undisturbed.end, 'ModelPromoted', undisturbed.cause);
    const other = await startLambda({ ...store.env, RETRAIN_STORE: `${store.env.RETRAIN_STORE}-killed` });
    let killed = 0;
    const timers = [];
    try {
      const run = await execute(ours, { ...input('left', search), model_params }, {
        invoke: other.invoke,
        before: {
          TrainCandidate(n) {
            if (n % 2) timers.push(setTimeout(() => (killed += other.signal('SIGKILL')), 150));
          },
        },
      });
      assert.equal(run.end, 'ModelPromoted', run.cause);
      assert.ok(killed > 0);
      assert.equal(digest(run), digest(undisturbed));
    } finally {
      timers.forEach(clearTimeout);
      await other.stop();
    }
  });

  test('fails if all candidates do', async () => {
    const run = await execute(ours, input('none', { grid: { algorithm: ['gradient_boosting'], monotonic_cst: [{ nothing: 1 }] } }), { invoke });
    assert.equal(run.end, 'RetrainingFailed');
    assert.equal(run.error, 'Retrain.InvalidData');
    assert.equal(run.invocations.EvaluateModel, 0);
  });
});
