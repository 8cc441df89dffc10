// Both definitions against the shipped binary, on a folder and on an S3 server:
// real data in, and promoted, kept and failed out.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startLambda } from './support/lambda.mjs';
import { definition, execute } from './support/machine.mjs';
import { folderStore, s3Store } from './support/stores.mjs';

// The bundled definition, and the one that users already have, with the names that
// a test needs to know of each.
const ours = {
  name: 'definition.asl.json',
  steps: ['PreprocessData', 'TrainModel', 'EvaluateModel', 'UpdateModel'],
  ends: { promoted: 'ModelPromoted', kept: 'ModelKept', failed: 'RetrainingFailed' },
  tries: 1, // of a permanent error
  document: (output) => output,
};
const plain = {
  name: 'testdata/plain.asl.json',
  steps: ['Preprocess', 'Train', 'Evaluate', 'Update'],
  ends: { promoted: 'Done', kept: 'Done', failed: 'Preprocess' },
  tries: 3,
  document: (output) => output.Payload,
};
for (const d of [ours, plain]) d.definition = definition(d.name);

// The real data: the examples, or the same files uncompressed where
// RETRAIN_DATA_DIR names their folder.
const examples = fileURLToPath(new URL('../../examples/', import.meta.url));
const dataSets = [
  { model: 'churn', example: 'churn.csv', raw: 'wa_churn.csv', target: 'churn', task: 'binary', metric: 'accuracy' },
  { model: 'housing', example: 'california_housing.csv.gz', raw: 'california_housing.csv', target: 'median_house_value', task: 'regression', metric: 'rmse' },
  { model: 'shuttle', example: 'shuttle.csv.gz', raw: 'shuttle.csv', target: 'Class', task: 'multiclass', metric: 'accuracy' },
];
function fileOf(set) {
  const folder = process.env.RETRAIN_DATA_DIR;
  const file = folder ? join(folder, set.raw) : join(examples, set.example);
  assert.ok(existsSync(file), `there is no ${file}`);
  return file;
}

const good = { algorithm: 'gradient_boosting', max_iter: 30, max_leaf_nodes: 15 };
const weak = { algorithm: 'gradient_boosting', max_iter: 2, max_leaf_nodes: 3 };

for (const [kind, open] of [['a folder', folderStore], ['an S3 server', s3Store]]) {
  describe(`on ${kind}`, () => {
    let store, lambda;
    before(async () => {
      store = await open();
      lambda = await startLambda(store.env);
    });
    after(async () => {
      await lambda?.stop();
      await store?.stop();
    });
    const run = (d, input, hooks) => execute(d.definition, input, { invoke: lambda.invoke, before: hooks });

    // counted asserts how often each of a definition's four tasks was invoked.
    const counted = (d, result, counts) =>
      assert.deepEqual(result.invocations, Object.fromEntries(d.steps.map((step, i) => [step, counts[i]])), lambda.log());

    for (const d of [ours, plain]) {
      for (const set of dataSets) {
        test(`${d.name}: ${set.model} is promoted, then a weaker model is not`, async () => {
          const model_name = `${set.model}-${d === ours ? 'ours' : 'plain'}`;
          const input = { data_path: store.put(fileOf(set)), target: set.target, model_name, model_params: good };
          const first = await run(d, input);
          counted(d, first, [1, 1, 1, 1]);
          assert.equal(first.end, d.ends.promoted);
          const promoted = d.document(first.output);
          assert.deepEqual(
            { status: promoted.status, updated: promoted.updated, version: promoted.version, previous: promoted.previous_version },
            { status: 'success', updated: true, version: 1, previous: null },
          );
          assert.equal(store.champion(model_name).generation, 1);

          const second = await run(d, { ...input, model_params: weak });
          counted(d, second, [1, 1, 1, 0]);
          assert.equal(second.end, d.ends.kept);
          const kept = d.document(second.output);
          assert.equal(kept.should_update, false);
          assert.equal(kept.decision, 'keep');
          assert.equal(kept.champion.version, 1);
          assert.equal(kept.task, set.task);
          assert.equal(typeof kept.metrics[set.metric], 'number');
          assert.equal(store.champion(model_name).generation, 1);
        });
      }

      test(`${d.name}: a file that is not there ends in failure`, async () => {
        const result = await run(d, { data_path: `${store.dataRoot}/no-such-file.csv`, target: 'y', model_params: {} });
        assert.equal(result.error, 'Retrain.DataNotFound');
        assert.equal(result.end, d.ends.failed);
        counted(d, result, [d.tries, 0, 0, 0]);
        const problem = JSON.parse(JSON.parse(result.cause).errorMessage);
        assert.equal(problem.code, 'Retrain.DataNotFound');
        assert.equal(problem.instance, '/preprocess');
        assert.equal(problem.retryable, false);
        assert.match(problem.request_id, /^[0-9a-f-]{36}$/);
      });
    }

    test('a misspelt parameter ends in failure, with the right name in the cause', async () => {
      const data_path = store.put('small.csv', rows(200));
      const result = await run(ours, { data_path, target: 'y', model_params: { max_itr: 5 } });
      assert.equal(result.error, 'Retrain.InvalidRequest');
      counted(ours, result, [1, 0, 0, 0]);
      assert.match(JSON.parse(JSON.parse(result.cause).errorMessage).errors[0].msg, /max_iter/);
    });

    test('an input without data_path ends in failure', async () => {
      const result = await run(ours, {});
      assert.equal(result.error, 'Retrain.InvalidRequest');
      counted(ours, result, [1, 0, 0, 0]);
    });

    test('the same retraining again changes nothing', async () => {
      const input = { data_path: store.put('again.csv', rows(600)), target: 'y', model_name: 'again', model_params: good };
      const first = await run(ours, input);
      assert.equal(first.end, 'ModelPromoted', first.cause);
      const second = await run(ours, input);
      assert.equal(second.error, undefined, second.cause);
      assert.equal(store.champion('again').generation, 1);
    });

    test('a champion that changes in between is compared with before the promotion', async () => {
      const data_path = store.put('race.csv', rows(2000));
      const gate = { policy: 'better', guardrails: {}, must_beat_baseline: false };
      const input = (model_params) => ({ data_path, target: 'y', model_name: 'race', model_params, gate });
      assert.equal((await run(ours, input(weak))).end, 'ModelPromoted');
      const result = await run(ours, input({ max_iter: 60 }), {
        async UpdateModel(count) {
          if (count > 1) return;
          const rival = await run(ours, input({ max_iter: 4, max_leaf_nodes: 4 }));
          assert.equal(rival.end, 'ModelPromoted', rival.cause);
        },
      });
      assert.equal(result.end, 'ModelPromoted', result.cause);
      counted(ours, result, [1, 1, 2, 2]);
      assert.equal(result.output.version, 3);
      assert.equal(result.output.previous_version, 2);
    });
  });
}

// rows makes a small binary data set that trees learn step by step: y follows a
// wave along x, with some noise that z explains.
function rows(n) {
  const lines = ['x,z,y'];
  for (let i = 0; i < n; i += 1) {
    const x = (i * 7919) % 1000;
    const z = (i * 104729) % 97;
    const y = Math.sin(x / 60) + z / 97 > 0.5 ? 1 : 0;
    lines.push(`${x / 10},${z},${y}`);
  }
  return `${lines.join('\n')}\n`;
}
